// y = x * a + b, rounded once.

KERNEL_ELEMENTWISE(affine, fmaf(x, a, b))
