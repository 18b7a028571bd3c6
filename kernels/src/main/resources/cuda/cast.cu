// y = x in another element type, through float as DType defines it.

KERNEL_ELEMENTWISE(cast, x)
