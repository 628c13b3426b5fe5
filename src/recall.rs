//! Recall with its uncertainty: the mean over queries, and an interval that stays honest near 1.
//!
//! The usual normal interval fails exactly where vector search lives. When every query was perfect, its width
//! is 0, and one thousand perfect queries would "prove" a recall of 1; when most are perfect and a few are broken,
//! it misses the truth far more often than it says. A recall is a number from 0 to 1 of any distribution,
//! so the interval here assumes nothing else: Gaffke's bound, which for queries that are all-or-nothing is the exact
//! binomial (Clopper–Pearson) interval, and for many queries approaches the normal one. The source: `upper_mean`.

mod judged;

use serde::{Deserialize, Serialize};

pub use judged::JudgedQueries;

/// The mean recall@k over distinct queries, with a 95 % confidence interval.
///
/// The interval is about the recall of *queries like these*: it tells how far the mean of another sample from the
/// same source could lie. Each end alone is wrong with a probability of at most 2.5 %. It is deterministic.
///
/// ```
/// use vecperf::RecallEstimate;
///
/// // 1,000 queries, and each found all of its 10 neighbours. That does not prove a recall of 1.
/// let perfect = RecallEstimate::from_counts(10, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000]).unwrap();
/// assert_eq!((perfect.mean, perfect.high), (1.0, 1.0));
/// assert!(perfect.low > 0.996 && perfect.low < 0.997);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecallEstimate {
    /// Neighbours asked for.
    pub k: u32,
    /// Distinct queries judged.
    pub queries: u64,
    /// Mean over queries of (true neighbours found ÷ k), 0 to 1.
    pub mean: f64,
    /// Lower end of the 95 % confidence interval.
    pub low: f64,
    /// Upper end of the 95 % confidence interval.
    pub high: f64,
}

/// The standard normal distribution's 97.5 % quantile: 2.5 % on each side make a 95 % interval.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

impl RecallEstimate {
    /// The estimate from one recall (0 to 1) a distinct query; `None` without queries.
    ///
    /// A value outside 0 to 1 counts as the nearer end. NaN (no neighbour to find: 0 ÷ 0) is no query.
    /// O(n log n) in the number of queries.
    pub fn from_queries(k: u32, recalls: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut recalls: Vec<f64> = recalls
            .into_iter()
            .filter(|recall| !recall.is_nan())
            .map(|recall| recall.clamp(0.0, 1.0))
            .collect();
        recalls.sort_by(f64::total_cmp);
        let mut groups: Vec<(f64, u64)> = Vec::new();
        for recall in recalls {
            match groups.last_mut() {
                Some((value, count)) if *value == recall => *count += 1,
                _ => groups.push((recall, 1)),
            }
        }
        Self::from_groups(k, &groups)
    }

    /// The estimate from `counts`, where `counts[i]` distinct queries found `i` of their `k` true neighbours;
    /// `None` without queries.
    ///
    /// Nobody finds more than all: entries past `k` count as `k`. O(k), whatever the number of queries.
    pub fn from_counts(k: u32, counts: &[u64]) -> Option<Self> {
        let groups: Vec<(f64, u64)> = (0_u32..)
            .zip(counts)
            .filter(|&(_, &count)| count > 0)
            .map(|(found, &count)| (f64::from(found.min(k)) / f64::from(k), count))
            .collect();
        if k == 0 {
            None
        } else {
            Self::from_groups(k, &groups)
        }
    }

    /// From (recall, queries that had it).
    fn from_groups(k: u32, groups: &[(f64, u64)]) -> Option<Self> {
        let queries = groups
            .iter()
            .fold(0_u64, |sum, group| sum.saturating_add(group.1));
        let sum: f64 = groups
            .iter()
            .map(|&(recall, count)| recall * count as f64)
            .sum();
        let misses: Vec<(f64, u64)> = groups
            .iter()
            .map(|&(recall, count)| (1.0 - recall, count))
            .collect();
        let mean = (sum / queries as f64).min(1.0);
        (queries > 0).then(|| Self {
            k,
            queries,
            mean,
            // By symmetry: the most that can be missed.
            low: (1.0 - upper_mean(&misses)).clamp(0.0, mean),
            high: upper_mean(groups).clamp(mean, 1.0),
        })
    }
}

/// The upper end of the two-sided 95 % confidence interval of the mean of a quantity within 0 to 1, from
/// (value, times observed).
///
/// Gaffke's bound: add one imagined observation of the worst value, 1, to the n that were made, weigh the n + 1
/// by Dirichlet(1, …, 1), and take the 97.5 % quantile of the weighted mean. Learned-Miller and Thomas, "A new confidence
/// interval for the mean of a bounded random variable" (arXiv:1905.06208), who conjecture guaranteed coverage
/// for every distribution and sample size and found no exception; for values of only 0 and 1 it is the exact
/// Clopper–Pearson bound.
///
/// They draw the weights at random; here the quantile is computed. A Dirichlet weight is a gamma variable over
/// the sum of all, so the weighted mean is at most `t` exactly when `S = Σ (value − t) · Gamma(times)` is at most 0.
/// `ln P(S ≤ 0)` comes from the saddlepoint of `S` in Barndorff-Nielsen's form, `r* = w + ln(u ÷ w) ÷ w`, which
/// is a standard normal quantile; the bound is the `t` whose `r*` is 1.96. Against the exact Clopper–Pearson
/// bound it is off by at most half a percent of the bound, to the safe side (one query: 0.9763 for 0.975; one thousand
/// perfect ones: a recall of at least 0.99630 for 0.99632).
pub(crate) fn upper_mean(observed: &[(f64, u64)]) -> f64 {
    if observed.iter().all(|&(value, _)| value >= 1.0) {
        return 1.0;
    }
    let mut weighted: Vec<(f64, f64)> = observed
        .iter()
        .map(|&(value, times)| (value, times as f64))
        .collect();
    weighted.push((1.0, 1.0));
    // `t` grows with the tilt, from the mean at tilt 0 towards the largest value at tilt 1; so does r*.
    // Bisection over ln(1 − tilt): 48 halvings of a range of 64 settle a dozen digits.
    let (mut low, mut high) = (-64.0_f64, 0.0_f64);
    for _ in 0..48 {
        let middle = 0.5 * (low + high);
        if saddlepoint(&weighted, middle).r_star() < Z {
            high = middle;
        } else {
            low = middle;
        }
    }
    saddlepoint(&weighted, low).mean
}

/// Where the cumulant function of `S` is stationary, for one tilt of the weights.
struct Saddlepoint {
    /// `t`: the tilted mean, at which this is the saddlepoint.
    mean: f64,
    /// The signed root of the deviance.
    w: f64,
    /// The saddlepoint in units of the standard deviation there.
    u: f64,
}

impl Saddlepoint {
    /// A standard normal quantile. Close to the mean `w` and `u` are both 0 and their ratio is noise: there r* is about 0.
    fn r_star(&self) -> f64 {
        if self.w < 0.05 {
            0.0
        } else {
            self.w + (self.u / self.w).ln() / self.w
        }
    }
}

/// The saddlepoint of `S` for weights in proportion to `times ÷ (1 − tilt · value)`.
///
/// Going by the tilt instead of by `t` needs no inner search: the saddlepoint `s` solves
/// `Σ times · a ÷ (1 − s · a) = 0` with `a = value − t`, and `1 − s · a = (1 + s · t)(1 − tilt · value)`.
/// The tilt comes as ln(1 − tilt), so that nothing cancels at either end.
fn saddlepoint(weighted: &[(f64, f64)], ln_rest: f64) -> Saddlepoint {
    let (tilt, rest) = (-ln_rest.exp_m1(), ln_rest.exp());
    let sum = |term: &dyn Fn(f64, f64) -> f64| {
        weighted
            .iter()
            .map(|&(value, times)| term(value, times))
            .sum::<f64>()
    };
    let divisor = |value: f64| (1.0 - value) + rest * value;
    let ln_divisor = |value: f64| {
        if tilt * value < 0.5 {
            (-tilt * value).ln_1p()
        } else {
            divisor(value).ln()
        }
    };
    let observations = sum(&|_, times| times);
    let mass = sum(&|value, times| times / divisor(value));
    let mean = sum(&|value, times| times * value / divisor(value)) / mass;
    let scale = mass / observations; // 1 + s · t
    let s = tilt * scale;
    let cumulant =
        -observations * (s * mean).ln_1p() - sum(&|value, times| times * ln_divisor(value));
    let curvature =
        sum(&|value, times| times * ((value - mean) / (scale * divisor(value))).powi(2));
    Saddlepoint {
        mean,
        w: (-2.0 * cumulant).max(0.0).sqrt(),
        u: s * curvature.sqrt(),
    }
}

#[cfg(test)]
mod tests;
