//! Plain code, for CPUs without a kernel of their own.

/// As many as fill two 128-bit vectors, which every 64-bit CPU has.
const LANES: usize = 8;
type Lanes = [f32; LANES];

kernels!();

fn zero() -> Lanes {
    [0.0; LANES]
}

fn load(values: &Lanes) -> Lanes {
    *values
}

fn add(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|at| a[at] + b[at])
}

fn subtract(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|at| a[at] - b[at])
}

/// In two roundings: `f32::mul_add` is a slow library call where the CPU cannot fuse.
fn multiply_add(a: Lanes, b: Lanes, sum: Lanes) -> Lanes {
    std::array::from_fn(|at| a[at] * b[at] + sum[at])
}

fn horizontal_sum(lanes: Lanes) -> f32 {
    lanes.iter().sum()
}

fn horizontal_sums(lanes: [Lanes; 4]) -> [f32; 4] {
    lanes.map(horizontal_sum)
}
