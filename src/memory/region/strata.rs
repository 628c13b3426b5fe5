//! Which pages to look at: all where they are few, else a run of pages at a random place in each of many equal parts.
//! The share of one run stands for its part, so that the error does not depend on how large the region is. No system
//! call here.

/// Pages that are all looked at: 256 MiB of them. The kernel answers for so many in a few milliseconds.
pub(super) const ALL: usize = 1 << 16;
/// Parts of a larger region, one run in each.
const PARTS: usize = 1024;
/// Pages in a run, as many as the kernel reads ahead in one go: fewer would each say the same.
const RUN: usize = 64;

/// Runs of pages, (first page, pages), in order.
pub(super) fn runs(pages: usize, seed: u64) -> Vec<(usize, usize)> {
    if pages <= ALL {
        return vec![(0, pages)];
    }
    let mut random = Random(seed | 1);
    let runs = (0..PARTS).map(|part| {
        let (start, end) = (bound(pages, part), bound(pages, part + 1));
        let room = end - start - RUN;
        (start + random.below(room + 1), RUN)
    });
    runs.collect()
}

/// Where a part begins.
fn bound(pages: usize, part: usize) -> usize {
    (pages as u128 * part as u128 / PARTS as u128) as usize
}

/// From the pages counted in each run to pages of all, and half the width of its 95 % confidence interval.
pub(super) fn estimate(
    counts: impl ExactSizeIterator<Item = usize> + Clone,
    pages: usize,
) -> (u64, u64) {
    if pages <= ALL {
        return (counts.sum::<usize>() as u64, 0);
    }
    let runs = counts.len() as f64;
    let shares = counts.map(|count| count as f64 / RUN as f64);
    let mean = shares.clone().sum::<f64>() / runs;
    // Neighbouring parts are alike, so the differences between them, halved, tell the spread within one.
    let apart = shares.clone().zip(shares.skip(1));
    let spread = apart.map(|(one, next)| (one - next).powi(2)).sum::<f64>() / (2.0 * (runs - 1.0));
    let error = (spread / runs).sqrt();
    let of_pages = |share: f64| (share * pages as f64).round() as u64;
    // Not one run differed: what escapes a thousand of them may be three in a thousand.
    (of_pages(mean), of_pages((1.96 * error).max(3.0 / runs)))
}

/// Marsaglia's xorshift: what it decides is which pages are looked at.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_lie_apart_and_within_the_region() {
        for pages in [0, 1, ALL, ALL + 1, 1 << 20, usize::MAX >> 12] {
            let runs = runs(pages, 42);
            let mut end = 0;
            for (start, length) in &runs {
                assert!(*start >= end, "{pages}");
                end = start + length;
            }
            assert!(end <= pages, "{pages}");
            assert!(runs.iter().map(|run| run.1).sum::<usize>() <= ALL);
        }
    }

    /// A region of 4 GiB with a given page in memory or not; the truth lies in the interval.
    #[test]
    fn the_estimate_is_within_its_margin() {
        let pages = 1 << 20;
        type Layout = fn(usize) -> bool;
        let layouts: [(&str, Layout); 5] = [
            ("nothing", |_| false),
            ("all", |_| true),
            ("the first third", |page| page < (1 << 20) / 3),
            ("every other run of 64", |page| page / 64 % 2 == 0),
            ("a tenth, in runs of 16", |page| page / 16 % 10 == 0),
        ];
        for (name, is_there) in layouts {
            let truth = (0..pages).filter(|&page| is_there(page)).count() as u64;
            let outside = (1..=200u64).filter(|seed| {
                let runs = runs(pages, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let counts: Vec<_> = runs
                    .iter()
                    .map(|&(start, length)| {
                        (start..start + length).filter(|&at| is_there(at)).count()
                    })
                    .collect();
                let (estimate, margin) = super::estimate(counts.into_iter(), pages);
                assert!(margin <= pages as u64 / 20, "{name}: {margin}");
                estimate.abs_diff(truth) > margin
            });
            // 10 of 200 are expected at most.
            let outside = outside.count();
            assert!(
                outside <= 20,
                "{name}: {outside} of 200 intervals miss {truth}"
            );
        }
    }
}
