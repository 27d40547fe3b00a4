package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

// provisionedBy marks volumes of ours, so that a volume made by hand for the same class is never deleted.
const provisionedBy = "flts.dev/provisioned-by"

// directoryProvisioner makes volumes that are directories below root. They are `local` volumes, because the
// kubelet gives those to a pod's fsGroup, as it does with a cloud's disks; it leaves hostPath volumes alone.
type directoryProvisioner struct {
	root string
	node string
	name string
}

// Provision makes the directory of a claim. The requested size is recorded but not enforced.
func (p *directoryProvisioner) Provision(_ context.Context, options controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	spec := options.PVC.Spec
	for _, mode := range spec.AccessModes {
		if mode != core.ReadWriteOnce && mode != core.ReadWriteOncePod {
			return nil, controller.ProvisioningFinished, fmt.Errorf("access mode %s is not supported: use ReadWriteOnce or ReadWriteOncePod", mode)
		}
	}
	if spec.VolumeMode != nil && *spec.VolumeMode != core.PersistentVolumeFilesystem {
		return nil, controller.ProvisioningFinished, fmt.Errorf("volume mode %s is not supported: use Filesystem", *spec.VolumeMode)
	}
	path := filepath.Join(p.root, options.PVName)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return p.volume(options, path), controller.ProvisioningFinished, nil
}

func (p *directoryProvisioner) volume(options controller.ProvisionOptions, path string) *core.PersistentVolume {
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName, Annotations: map[string]string{provisionedBy: p.name}},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity: core.ResourceList{
				core.ResourceStorage: options.PVC.Spec.Resources.Requests[core.ResourceStorage],
			},
			PersistentVolumeSource: core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{{
					Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{p.node},
				}}}},
			}},
		},
	}
}

// Delete removes a volume's directory. Volumes that lie elsewhere, or that were made by hand, are left alone.
func (p *directoryProvisioner) Delete(_ context.Context, volume *core.PersistentVolume) error {
	if volume.Annotations[provisionedBy] != p.name {
		return &controller.IgnoredError{Reason: "the volume was not provisioned by " + p.name}
	}
	path := filepath.Join(p.root, volume.Name)
	if volume.Spec.Local == nil || volume.Spec.Local.Path != path {
		return fmt.Errorf("volume %s does not lie at %s: delete its data by hand", volume.Name, path)
	}
	return os.RemoveAll(path)
}
