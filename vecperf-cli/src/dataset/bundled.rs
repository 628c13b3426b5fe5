//! The data inside the command: an installed `vecperf` needs nothing else for its first run.

use vecperf::{Error, ErrorKind, Result};
use vecperf_engines::{Metric, Vectors};

use super::format::Ids;
use super::source::Found;

/// A data set that is part of the command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bundled {
    /// As given to `--dataset`.
    pub(crate) name: &'static str,
    /// What it is, its licence.
    pub(crate) description: &'static str,
    /// The metric of its ground truth.
    pub(crate) metric: Metric,
    base: &'static [u8],
    queries: &'static [u8],
    neighbors: &'static [u8],
}

/// All of them; the first is what `vecperf bench` uses when nothing is said.
pub(crate) const ALL: &[Bundled] = &[Bundled {
    name: "glove-50",
    description: "25,000 GloVe 6B word vectors of 50 dimensions, unit length; 1,000 queries; exact top 100 by inner product. \
                  Public domain (PDDL 1.0)",
    metric: Metric::InnerProduct,
    base: include_bytes!("../../data/glove-50/base.fbin"),
    queries: include_bytes!("../../data/glove-50/queries.fbin"),
    neighbors: include_bytes!("../../data/glove-50/groundtruth.ibin"),
}];

/// The bundled data set called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Bundled> {
    ALL.iter().find(|bundled| bundled.name == name)
}

impl Bundled {
    /// All of it, or its first `limit` vectors.
    pub(super) fn find(&self, limit: Option<usize>) -> Result<Found> {
        let damaged = || {
            let message = format!(
                "the bundled data set {} is damaged: build the command again",
                self.name
            );
            Error::new(ErrorKind::Data, message)
        };
        let (rows, dimensions, values) = words(self.base).ok_or_else(damaged)?;
        let taken = limit.unwrap_or(rows).min(rows) * dimensions;
        let (_, k, ids) = words(self.neighbors).ok_or_else(damaged)?;
        let (_, query_dimensions, query_values) = words(self.queries).ok_or_else(damaged)?;
        let floats = |values: &[[u8; 4]]| {
            values
                .iter()
                .map(|&value| f32::from_le_bytes(value))
                .collect()
        };
        Ok(Found {
            name: self.name.to_owned(),
            base: Vectors::new(dimensions, floats(&values[..taken])).ok_or_else(damaged)?,
            queries: Some(
                Vectors::new(query_dimensions, floats(query_values)).ok_or_else(damaged)?,
            ),
            metric: Some(self.metric),
            truth: Some(Ids {
                k,
                ids: ids.iter().map(|&id| u32::from_le_bytes(id)).collect(),
            }),
            rows,
            notes: Vec::new(),
        })
    }
}

/// Rows, row length and values of a `.fbin` or `.ibin` file: all 32-bit, little-endian, in this order.
fn words(file: &'static [u8]) -> Option<(usize, usize, &'static [[u8; 4]])> {
    let (words, []) = file.as_chunks() else {
        return None;
    };
    let ([rows, columns], values) = words.split_first_chunk()?;
    let (rows, columns) = (
        u32::from_le_bytes(*rows) as usize,
        u32::from_le_bytes(*columns) as usize,
    );
    (rows * columns == values.len()).then_some((rows, columns, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::recall::distance;
    use crate::dataset::{Cache, Dataset, Origin, Quiet, Source, load, truth};

    const DISTANCES: &[u8] = include_bytes!("../../data/glove-50/groundtruth_distances.fbin");

    #[test]
    fn the_package_stays_below_what_crates_io_takes() {
        let files =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data/glove-50")).unwrap();
        let bytes: u64 = files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(
            bytes < 8_000_000,
            "{bytes} bytes; the limit is 10 MB, compressed, and floats hardly compress"
        );
    }

    fn glove() -> Dataset {
        let source = Source {
            dataset: "glove-50".to_owned(),
            ..Source::default()
        };
        load(&source, &Quiet).unwrap()
    }

    #[test]
    fn the_bundled_data_are_what_their_note_says() {
        let dataset = glove();
        assert_eq!(
            (
                dataset.base.len(),
                dataset.base.dimensions(),
                dataset.queries.len()
            ),
            (25_000, 50, 1000)
        );
        for row in dataset.base.rows().chain(dataset.queries.rows()) {
            let length: f64 = row.iter().map(|&value| f64::from(value).powi(2)).sum();
            assert!((length - 1.0).abs() < 1e-6, "{length}");
        }
    }

    /// Every 50th query is searched again, in 64-bit floats, through all vectors.
    #[test]
    fn the_bundled_truth_is_true() {
        let dataset = glove();
        let truth = truth(
            &dataset,
            Metric::InnerProduct,
            100,
            1,
            &Cache::off(),
            &Quiet,
        )
        .unwrap();
        assert_eq!(truth.origin, Origin::Given);
        let (_, k, distances) = words(DISTANCES).unwrap();
        assert_eq!((k, truth.neighbors.k), (100, 100));
        for query in (0..1000).step_by(50) {
            let vector = dataset.queries.row(query);
            let rows = dataset.base.rows().zip(0u32..);
            let mut all: Vec<(f64, u32)> = rows
                .map(|(row, id)| (distance(Metric::InnerProduct, vector, row), id))
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (place, &(distance, id)) in all[..100].iter().enumerate() {
                assert_eq!(
                    truth.neighbors.ids[query * 100 + place],
                    id,
                    "query {query}, place {place}"
                );
                let noted = f64::from(f32::from_le_bytes(distances[query * 100 + place]));
                assert!(
                    (noted - distance).abs() < 1e-7,
                    "query {query}, place {place}: {noted} {distance}"
                );
            }
        }
    }

    /// What the engines compute in 32-bit blocks is what was computed in 64 bits elsewhere, place by place.
    #[test]
    fn computed_truth_is_the_bundled_one() {
        let source = Source {
            dataset: "glove-50".to_owned(),
            ..Source::default()
        };
        let mut dataset = load(&source, &Quiet).unwrap();
        let given = dataset.truth.take().unwrap().ids;
        let computed = truth(
            &dataset,
            Metric::InnerProduct,
            100,
            2,
            &Cache::off(),
            &Quiet,
        )
        .unwrap();
        assert_eq!(
            (computed.origin, computed.neighbors.k),
            (Origin::Computed, 100)
        );
        let other = computed
            .neighbors
            .ids
            .iter()
            .zip(&given.ids)
            .filter(|(a, b)| a != b)
            .count();
        assert_eq!(other, 0, "of 100,000 neighbours");
    }

    #[test]
    fn a_part_of_the_bundled_data_gets_its_own_truth() {
        let source = Source {
            dataset: "glove-50".to_owned(),
            limit: Some(100),
            ..Source::default()
        };
        let mut dataset = load(&source, &Quiet).unwrap();
        assert_eq!(dataset.base.len(), 100);
        let first = dataset.queries.row(0).to_vec();
        dataset.queries = Vectors::new(50, first).unwrap().into();
        let truth = truth(&dataset, Metric::InnerProduct, 10, 1, &Cache::off(), &Quiet).unwrap();
        assert_eq!(
            (truth.origin, truth.neighbors.ids.len()),
            (Origin::Computed, 100)
        );
        assert!(truth.neighbors.ids.iter().all(|&id| id < 100));
    }
}
