package provider

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// GetSchema describes the package as https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/ wants.
func (provider *Provider[Client]) GetSchema(
	context.Context, plugin.GetSchemaRequest,
) (plugin.GetSchemaResponse, error) {
	specification := schema.PackageSpec{
		Name:    provider.name,
		Version: provider.version.String(),
		Description: "The resources of @pulumi/" + provider.name + " that FLTS uses, built from source where " +
			"Pulumi's own plugin cannot be downloaded.",
		License: "Apache-2.0",
		// A type's own part of its token is no module: "index/thing" is in the package's main one.
		Meta:      &schema.MetadataSpec{ModuleFormat: "(.*)(?:/[^/]*)"},
		Resources: map[string]schema.ResourceSpec{},
		Types:     map[string]schema.ComplexTypeSpec{},
	}
	writer := schemaWriter{packageName: provider.name, types: specification.Types}

	settings, requiredSettings := writer.properties(provider.settings, "Provider")
	specification.Config = schema.ConfigSpec{Variables: settings}
	specification.Provider = schema.ResourceSpec{InputProperties: settings, RequiredInputs: requiredSettings}

	for token, description := range provider.resources {
		typeName := token.Name().String()
		var inputs, outputs []Property
		var always []string
		for _, property := range description.Properties {
			outputs = append(outputs, property)
			if property.isInput() {
				inputs = append(inputs, property)
			}
			if property.AlwaysSet || property.Required {
				always = append(always, property.Name)
			}
		}
		inputSpecs, required := writer.properties(inputs, typeName)
		outputSpecs, _ := writer.properties(outputs, typeName)
		specification.Resources[string(token)] = schema.ResourceSpec{
			ObjectTypeSpec: schema.ObjectTypeSpec{
				Description: description.Description, Type: "object", Properties: outputSpecs, Required: always,
			},
			InputProperties: inputSpecs,
			RequiredInputs:  required,
		}
	}
	encoded, err := json.Marshal(specification)
	return plugin.GetSchemaResponse{Schema: encoded}, err
}

// schemaWriter collects the object types that properties refer to.
type schemaWriter struct {
	packageName string
	types       map[string]schema.ComplexTypeSpec
}

func (writer schemaWriter) properties(properties []Property, owner string) (map[string]schema.PropertySpec, []string) {
	specifications := map[string]schema.PropertySpec{}
	var required []string
	for _, property := range properties {
		specifications[property.Name] = schema.PropertySpec{
			TypeSpec:             writer.typeOf(property, owner),
			Description:          property.Description,
			Secret:               property.Secret,
			DeprecationMessage:   property.Deprecated,
			WillReplaceOnChanges: property.Replace,
		}
		if property.Required {
			required = append(required, property.Name)
		}
	}
	return specifications, required
}

func (writer schemaWriter) typeOf(property Property, owner string) schema.TypeSpec {
	text := schema.TypeSpec{Type: "string"}
	switch property.Kind {
	case Flag:
		return schema.TypeSpec{Type: "boolean"}
	case Integer:
		return schema.TypeSpec{Type: "integer"}
	case TextList:
		return schema.TypeSpec{Type: "array", Items: &text}
	case TextMap:
		return schema.TypeSpec{Type: "object", AdditionalProperties: &text}
	case ObjectList:
		item := property
		item.Kind, item.Name = Object, strings.TrimSuffix(property.Name, "s")
		items := writer.typeOf(item, owner)
		return schema.TypeSpec{Type: "array", Items: &items}
	case Object:
		name := owner + strings.ToUpper(property.Name[:1]) + property.Name[1:]
		token := writer.packageName + ":index/" + name + ":" + name
		fields, required := writer.properties(property.Fields, name)
		writer.types[token] = schema.ComplexTypeSpec{
			ObjectTypeSpec: schema.ObjectTypeSpec{Type: "object", Properties: fields, Required: required},
		}
		return schema.TypeSpec{Type: "object", Ref: "#/types/" + token}
	default:
		return text
	}
}
