package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

func claim(mode core.PersistentVolumeAccessMode) controller.ProvisionOptions {
	reclaim := core.PersistentVolumeReclaimDelete
	return controller.ProvisionOptions{
		PVName:       "pvc-1",
		StorageClass: &storage.StorageClass{ReclaimPolicy: &reclaim},
		PVC: &core.PersistentVolumeClaim{Spec: core.PersistentVolumeClaimSpec{
			AccessModes: []core.PersistentVolumeAccessMode{mode},
			Resources: core.VolumeResourceRequirements{
				Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")},
			},
		}},
	}
}

func provision(t *testing.T, provisioner *directoryProvisioner) *core.PersistentVolume {
	t.Helper()
	volume, state, err := provisioner.Provision(context.Background(), claim(core.ReadWriteOnce))
	if err != nil || state != controller.ProvisioningFinished {
		t.Fatalf("state %s, error %v", state, err)
	}
	return volume
}

func TestProvisionMakesADirectoryOnTheNode(t *testing.T) {
	provisioner := &directoryProvisioner{root: t.TempDir(), node: "flts", name: "test"}
	volume := provision(t, provisioner)
	path := filepath.Join(provisioner.root, "pvc-1")
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Fatalf("no directory: %v", err)
	}
	if volume.Spec.Local == nil || volume.Spec.Local.Path != path {
		t.Errorf("not a local volume at %s: %+v", path, volume.Spec.PersistentVolumeSource)
	}
	if nodes := volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values; nodes[0] != "flts" {
		t.Errorf("bound to %v", nodes)
	}
	if size := volume.Spec.Capacity[core.ResourceStorage]; size.String() != "1Gi" {
		t.Errorf("capacity %s", size.String())
	}
}

func TestProvisionRefusesWhatADirectoryCannotBe(t *testing.T) {
	provisioner := &directoryProvisioner{root: t.TempDir(), node: "flts", name: "test"}
	block := core.PersistentVolumeBlock
	asBlock := claim(core.ReadWriteOnce)
	asBlock.PVC.Spec.VolumeMode = &block
	for _, options := range []controller.ProvisionOptions{claim(core.ReadWriteMany), asBlock} {
		if _, state, err := provisioner.Provision(context.Background(), options); err == nil || state != controller.ProvisioningFinished {
			t.Errorf("provisioned %+v", options.PVC.Spec)
		}
	}
	if entries, _ := os.ReadDir(provisioner.root); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}

func TestDeleteRemovesOwnVolumesOnly(t *testing.T) {
	provisioner := &directoryProvisioner{root: t.TempDir(), node: "flts", name: "test"}
	volume := provision(t, provisioner)

	var ignored *controller.IgnoredError
	foreign := volume.DeepCopy()
	foreign.Annotations = nil
	if err := provisioner.Delete(context.Background(), foreign); !errors.As(err, &ignored) {
		t.Errorf("a volume made by hand: %v", err)
	}
	elsewhere := volume.DeepCopy()
	elsewhere.Spec.Local.Path = t.TempDir()
	if err := provisioner.Delete(context.Background(), elsewhere); err == nil {
		t.Error("a volume that lies elsewhere was deleted")
	}
	if _, err := os.Stat(filepath.Join(provisioner.root, "pvc-1")); err != nil {
		t.Fatalf("deleted too early: %v", err)
	}

	if err := provisioner.Delete(context.Background(), volume); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(provisioner.root, "pvc-1")); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}
