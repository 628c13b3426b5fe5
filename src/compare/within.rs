//! How much a metric varies within a run, from its values of drawings and of single blocks.

/// Fewer blocks tell nothing of how much they vary.
pub(super) const FEWEST_BLOCKS: usize = 6;
/// So many drawings tell a spread, where others hold too little to have a value.
const FEWEST_DRAWS: usize = 20;

/// Why the blocks of a run do not tell how much a metric varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// There are too few.
    Blocks,
    /// The operation ended in too few of them.
    Ended,
}

impl Lacking {
    /// In words, with what to do.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Blocks => format!(
                "a side has fewer than {FEWEST_BLOCKS} blocks of time (a short run, or a report of an older vecperf): measure \
                 for at least 2 s, or give several runs a side"
            ),
            Self::Ended => format!(
                "it ended in fewer than {FEWEST_BLOCKS} blocks of time: measure longer, or give several runs a side"
            ),
        }
    }
}

/// How much a metric varies within a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Within {
    /// The variance of its logarithm.
    pub(super) variance: f64,
    /// Degrees of freedom of that.
    pub(super) freedom: f64,
}

impl Within {
    /// Of the values of drawings and of single blocks; `None` where too few have one. In a block in which the operation
    /// did not end, most metrics have none.
    pub(super) fn new(drawn: &[f64], singles: &[f64]) -> Option<Self> {
        let (drawn, singles) = (finite(drawn), finite(singles));
        if singles.len() < FEWEST_BLOCKS || drawn.len() < FEWEST_DRAWS {
            return None;
        }
        let spread = variance(&drawn)?;
        let blocks = singles.len() as f64;
        // An estimate of ρ from few values is too low by (1 + 3ρ) ÷ n on average.
        let rho = autocorrelation(&singles);
        let rho = (rho + (1.0 + 3.0 * rho) / blocks).clamp(0.0, 0.95);
        let widened = (1.0 + rho) / (1.0 - rho);
        Some(Self {
            // Drawing from n blocks misses a share of 1 ÷ n of the variance.
            variance: spread * widened * blocks / (blocks - 1.0),
            freedom: (blocks / widened - 1.0).max(2.0),
        })
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// `None` where a value is missing.
pub(super) fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|it| !it.is_finite()) {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    Some(squares / (values.len() - 1) as f64)
}

/// Of each value with the next; 0 where they are all alike.
fn autocorrelation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    let products: f64 = values
        .windows(2)
        .map(|it| (it[0] - mean) * (it[1] - mean))
        .sum();
    if squares > 0.0 {
        products / squares
    } else {
        0.0
    }
}

fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|it| it.is_finite()).collect()
}
