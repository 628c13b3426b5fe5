//! The loop body of the kernels, expanded once in the module of each instruction set.

/// Defines `one` and `many` in the module that calls it, compiled with the CPU features `$feature`.
///
/// The module supplies `type Lanes`, `const LANES`, and `zero`, `load(&[f32; LANES])`, `subtract`, `multiply_add(a, b, sum)`,
/// `add`, `horizontal_sum`, `horizontal_sums` (of four). Nothing here is unsafe: what needs the features can only be called by
/// somebody who has them.
macro_rules! kernels {
    ($($feature:literal)?) => {
        /// The distance of two vectors, over the values that both have.
        $(#[target_feature(enable = $feature)])?
        pub(super) fn one<F: super::Form>(a: &[f32], b: &[f32]) -> f32 {
            let [sum] = accumulate::<F, 1, 4>(a, [b]);
            F::distance(horizontal_sum(sum))
        }

        /// The distances of `query` and the rows `ids`, four at a time.
        $(#[target_feature(enable = $feature)])?
        pub(super) fn many<F: super::Form>(query: &[f32], rows: &super::Rows, ids: &[u32], out: &mut [f32]) {
            let (fours, rest) = ids.as_chunks::<4>();
            let (out_fours, out_rest) = out.as_chunks_mut::<4>();
            for (ids, out) in fours.iter().zip(out_fours) {
                let [a, b, c, d] = *ids;
                let four = [rows.row(a), rows.row(b), rows.row(c), rows.row(d)];
                *out = horizontal_sums(accumulate::<F, 4, 2>(query, four)).map(F::distance);
            }
            for (&id, out) in rest.iter().zip(out_rest) {
                *out = one::<F>(query, rows.row(id));
            }
        }

        /// Sums up terms of `a` and `ROWS` other vectors, into lanes that are still to be added up. `UNROLL` sums a row
        /// run side by side, because one multiply-add takes four cycles but two can start in each.
        #[inline]
        $(#[target_feature(enable = $feature)])?
        fn accumulate<F: super::Form, const ROWS: usize, const UNROLL: usize>(
            a: &[f32],
            rows: [&[f32]; ROWS],
        ) -> [Lanes; ROWS] {
            // Loops and no closures: a closure here needs the features, `map` and its like do not have them, and so the
            // compiler would leave a call in the inner loop.
            let mut length = a.len();
            for row in rows {
                length = length.min(row.len());
            }
            let (chunks, tail) = a[..length].as_chunks::<LANES>();
            let mut row_chunks = [chunks; ROWS];
            for (row_chunks, row) in row_chunks.iter_mut().zip(rows) {
                *row_chunks = &row[..length].as_chunks::<LANES>().0[..chunks.len()];
            }
            let mut sums = [[zero(); ROWS]; UNROLL];
            let unrolled = chunks.len() - chunks.len() % UNROLL;
            for start in (0..unrolled).step_by(UNROLL) {
                for (lane, sums) in sums.iter_mut().enumerate() {
                    let x = load(&chunks[start + lane]);
                    for (sum, row) in sums.iter_mut().zip(row_chunks) {
                        *sum = term::<F>(x, load(&row[start + lane]), *sum);
                    }
                }
            }
            for at in unrolled..chunks.len() {
                let x = load(&chunks[at]);
                for (sum, row) in sums[0].iter_mut().zip(row_chunks) {
                    *sum = term::<F>(x, load(&row[at]), *sum);
                }
            }
            if !tail.is_empty() {
                let x = load(&padded(tail));
                for (sum, row) in sums[0].iter_mut().zip(rows) {
                    *sum = term::<F>(x, load(&padded(&row[length - tail.len()..length])), *sum);
                }
            }
            let mut total = sums[0];
            for sums in &sums[1..] {
                for (total, &sum) in total.iter_mut().zip(sums) {
                    *total = add(*total, sum);
                }
            }
            total
        }

        #[inline]
        $(#[target_feature(enable = $feature)])?
        fn term<F: super::Form>(a: Lanes, b: Lanes, sum: Lanes) -> Lanes {
            if F::DIFFERENCE {
                let difference = subtract(a, b);
                multiply_add(difference, difference, sum)
            } else {
                multiply_add(a, b, sum)
            }
        }

        /// `tail`, continued with zeros, which add nothing.
        #[inline]
        fn padded(tail: &[f32]) -> [f32; LANES] {
            std::array::from_fn(|at| tail.get(at).copied().unwrap_or(0.0))
        }
    };
}
