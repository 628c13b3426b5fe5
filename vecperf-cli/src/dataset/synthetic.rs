//! Clustered Gaussians from a seed, the same on every machine.
//!
//! `synthetic:n=10000,dim=64,clusters=32,seed=1,queries=1000`; every key may be left out. Centres are drawn from a normal
//! distribution with deviation 1 per dimension; a vector is a centre plus a normal deviation of 0.5. Queries are drawn as the
//! vectors are, and are not among them.
//!
//! The generator is our own because the values must never change with the version of a crate: SplitMix64 (Steele, Lea, Flood
//! 2014). The normal deviates are sums of 12 uniform ones (Irwin–Hall), whose arithmetic is exact in 64-bit floats; a logarithm
//! or cosine differs between platforms in the last bit.

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::Vectors;

use super::format::MAX_DIMENSIONS;
use super::{Progress, nearest};

/// What `--dataset` begins with.
pub(crate) const PREFIX: &str = "synthetic:";

/// Deviation of a vector from its centre, per dimension; centres deviate by 1.
const SPREAD: f64 = 0.5;

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Synthetic {
    pub(crate) vectors: usize,
    pub(crate) dimensions: usize,
    pub(crate) clusters: usize,
    pub(crate) seed: u64,
    pub(crate) queries: usize,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            vectors: 10_000,
            dimensions: 64,
            clusters: 32,
            seed: 1,
            queries: 1000,
        }
    }
}

/// Each key and its greatest value; the least is 1, save for the seed.
const KEYS: [(&str, u64); 5] = [
    ("n", u32::MAX as u64),
    ("dim", MAX_DIMENSIONS),
    ("clusters", u32::MAX as u64),
    ("seed", u64::MAX),
    ("queries", u32::MAX as u64),
];

impl Synthetic {
    /// Parameters from `synthetic:…`.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] with key, value, what is allowed and the nearest right key.
    pub(crate) fn parse(spec: &str) -> Result<Self> {
        let wrong =
            |what: String| Error::new(ErrorKind::Settings, format!("--dataset {spec}: {what}"));
        let mut made = Self::default();
        let mut seen = Vec::new();
        let keys = spec.strip_prefix(PREFIX).unwrap_or_default();
        for pair in keys
            .split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
        {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| wrong(format!("{pair:?} is not key=value")))?;
            let known = || KEYS.iter().map(|(name, _)| *name);
            let Some(&(name, most)) = KEYS.iter().find(|(name, _)| *name == key.trim()) else {
                let all = known().collect::<Vec<_>>().join(", ");
                return Err(wrong(format!(
                    "unknown key {key:?}{}. Keys are {all}",
                    nearest(key, known())
                )));
            };
            let least = u64::from(name != "seed");
            let number = value
                .trim()
                .parse()
                .ok()
                .filter(|number| (least..=most).contains(number));
            let number = number.ok_or_else(|| {
                wrong(format!(
                    "{name} = {value:?}: allowed are whole numbers from {least} to {most}"
                ))
            })?;
            if seen.contains(&name) {
                return Err(wrong(format!("{name} is given twice")));
            }
            seen.push(name);
            made.set(name, number);
        }
        if made.clusters > made.vectors && seen.contains(&"clusters") {
            let (clusters, vectors) = (made.clusters, made.vectors);
            return Err(wrong(format!(
                "clusters = {clusters}: allowed are at most the {vectors} vectors of n"
            )));
        }
        made.clusters = made.clusters.min(made.vectors);
        Ok(made)
    }

    fn set(&mut self, key: &str, value: u64) {
        match key {
            "n" => self.vectors = value as usize,
            "dim" => self.dimensions = value as usize,
            "clusters" => self.clusters = value as usize,
            "seed" => self.seed = value,
            _ => self.queries = value as usize,
        }
    }

    /// All parameters, as `--dataset` takes them.
    pub(crate) fn name(&self) -> String {
        let Self {
            vectors,
            dimensions,
            clusters,
            seed,
            queries,
        } = self;
        format!(
            "{PREFIX}n={vectors},dim={dimensions},clusters={clusters},seed={seed},queries={queries}"
        )
    }

    /// Makes base and queries.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when memory is short.
    pub(crate) fn make(&self, progress: &dyn Progress) -> Result<(Vectors, Vectors)> {
        let centres = Stream::new(self.seed, 0)
            .deviates(self.clusters.saturating_mul(self.dimensions), &self.name())?;
        progress.begin("generate", self.vectors as u64);
        let base = self.rows(1, self.vectors, &centres, progress)?;
        let queries = self.rows(2, self.queries, &centres, &super::Quiet)?;
        Ok((base, queries))
    }

    fn rows(
        &self,
        stream: u64,
        rows: usize,
        centres: &[f32],
        progress: &dyn Progress,
    ) -> Result<Vectors> {
        const TOLD_AT_ONCE: usize = 4096;
        let mut random = Stream::new(self.seed, stream);
        let mut values = reserve(rows.saturating_mul(self.dimensions), &self.name())?;
        for row in 1..=rows {
            let cluster = random.below(self.clusters as u64) as usize;
            let centre = &centres[cluster * self.dimensions..][..self.dimensions];
            values.extend(
                centre
                    .iter()
                    .map(|&value| (f64::from(value) + SPREAD * random.deviate()) as f32),
            );
            if row % TOLD_AT_ONCE == 0 {
                progress.advance(TOLD_AT_ONCE as u64);
            }
        }
        Vectors::new(self.dimensions, values)
            .ok_or_else(|| Error::new(ErrorKind::Data, "synthetic: no dimensions"))
    }
}

fn reserve(values: usize, name: &str) -> Result<Vec<f32>> {
    let mut space = Vec::new();
    space.try_reserve_exact(values).map_err(|error| {
        let message =
            format!("--dataset {name}: no memory for {values} values. Take a smaller n or dim");
        Error::new(ErrorKind::Unavailable, message).because(error)
    })?;
    Ok(space)
}

/// A sequence of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    /// One of many independent streams of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform below `bound`, by the high half of the product; the bias is at most `bound` ÷ 2⁶⁴.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Normal with deviation 1, but never beyond 6: the sum of 12 uniform deviates below 1, less its mean.
    fn deviate(&mut self) -> f64 {
        let sum: u64 = (0..6)
            .map(|_| self.next())
            .map(|bits| (bits >> 32) + (bits & 0xffff_ffff))
            .sum();
        sum as f64 * 2f64.powi(-32) - 6.0
    }

    fn deviates(mut self, count: usize, name: &str) -> Result<Vec<f32>> {
        let mut values = reserve(count, name)?;
        values.extend((0..count).map(|_| self.deviate() as f32));
        Ok(values)
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Quiet;

    #[test]
    fn parameters_are_read_and_wrong_ones_explained() {
        let made = Synthetic::parse("synthetic:n=7, dim=3,seed=0").unwrap();
        assert_eq!(
            made,
            Synthetic {
                vectors: 7,
                dimensions: 3,
                clusters: 7, // as many as vectors, where 32 are too many
                seed: 0,
                ..Synthetic::default()
            }
        );
        assert_eq!(Synthetic::parse(&made.name()).unwrap(), made);
        assert_eq!(
            Synthetic::parse("synthetic:").unwrap(),
            Synthetic::default()
        );
        let cases = [
            (
                "synthetic:n=0",
                "n = \"0\": allowed are whole numbers from 1 to",
            ),
            ("synthetic:dim=65537", "from 1 to 65536"),
            ("synthetic:n=-1", "allowed are"),
            ("synthetic:n=1e4", "allowed are"),
            ("synthetic:cluster=3", "did you mean clusters?"),
            ("synthetic:n", "is not key=value"),
            ("synthetic:n=1,n=2", "given twice"),
            ("synthetic:n=9,clusters=10", "at most the 9 vectors"),
        ];
        for (spec, part) in cases {
            let error = Synthetic::parse(spec).unwrap_err().to_string();
            assert!(
                error.contains(part) && error.contains(spec),
                "{spec}: {error}"
            );
        }
    }

    /// The values are part of the interface: figures of synthetic data are compared between machines and versions.
    #[test]
    fn the_values_are_the_same_everywhere() {
        let small = Synthetic {
            vectors: 500,
            dimensions: 8,
            clusters: 4,
            seed: 42,
            queries: 20,
        };
        let (base, queries) = small.make(&Quiet).unwrap();
        let hash = |vectors: &Vectors| {
            let bytes: Vec<u8> = vectors
                .values()
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            xxhash_rust::xxh3::xxh3_64(&bytes)
        };
        assert_eq!(
            (hash(&base), hash(&queries)),
            (0x9660_9ebe_8c5c_82aa, 0xef71_3a97_6f24_58b1)
        );
    }

    #[test]
    fn vectors_cluster_around_centres() {
        let many = Synthetic {
            vectors: 4000,
            dimensions: 16,
            clusters: 1,
            seed: 7,
            queries: 1,
        };
        let (base, _) = many.make(&Quiet).unwrap();
        for dimension in 0..16 {
            let values: Vec<f64> = base.rows().map(|row| f64::from(row[dimension])).collect();
            let mean = values.iter().sum::<f64>() / 4000.0;
            let deviation = (values
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f64>()
                / 4000.0)
                .sqrt();
            assert!(
                (deviation - SPREAD).abs() < 0.03,
                "dimension {dimension}: {deviation}"
            );
        }
    }
}
