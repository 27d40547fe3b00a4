import { outside } from "../links";

/**
 * The Kubernetes API behind its Service, whose port policies see after translation: 6443 is kubeadm's, k3s' and the
 * embedded cluster's, 443 that of the clouds.
 */
export const KUBERNETES_API = outside(443, 6443);
/** Every node's kubelet: https://kubernetes.io/docs/reference/networking/ports-and-protocols/ */
export const KUBELETS = outside(10250);
