/** What Kubernetes says of every container, whatever a test is about. */
export const CONTAINER_STATUS = {
    name: "main",
    image: "image:1",
    imageID: "sha256:0",
    ready: false,
    restartCount: 0,
} as const;
