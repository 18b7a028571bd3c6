// y = x in another element type, via float, as DType defines it.

KERNEL_ELEMENTWISE(cast, x)
