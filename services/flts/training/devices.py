"""What JAX computes on."""

import jax
import structlog


def check_gpu() -> None:
    """Log the GPU that JAX computes on; ends the process with status 1 and one error where it has none."""
    try:
        found = jax.devices("gpu")
    except RuntimeError as error:
        # JAX would compute on the CPU without a word, and the GPU that the pod holds would be paid for nothing.
        structlog.get_logger().error(
            "no_gpu",
            reason=str(error),
            fix="compare the node's driver with the image's CUDA 12 (nvidia-smi in the pod; 525 at least), or set "
            "flts:training.gpu.count to 0",
        )
        raise SystemExit(1) from None
    structlog.get_logger().info("gpu", devices=[device.device_kind for device in found])
