//! A bounded time series: when it is full, every second point goes and the distance between points doubles.
//!
//! A point stands for all beats since the one before it. Its memory, parts included, is the largest of them, so that a
//! peak shows however long the run; its counters, which are cumulative, are those of the last beat.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::resource::ResourceSample;
use crate::snapshot::SeriesPoint;

/// Operations whose counts are kept: the first ones used.
pub(crate) const OPERATIONS: usize = 32;
/// Parts of the memory whose sizes are kept: the first ones registered.
pub(crate) const COMPONENTS: usize = 16;

/// A figure and whose it is.
pub(super) type Named = (Arc<str>, u64);

/// What a beat saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) sample: &'a ResourceSample,
    /// The operations' counts so far.
    pub(super) counts: &'a [Named],
    /// The sizes of the memory's parts.
    pub(super) sizes: &'a [Named],
}

/// Resources, operation counts and the memory's parts over time.
#[derive(Clone, Debug)]
pub(super) struct Series {
    limit: usize,
    /// Beats that one point stands for.
    stride: u32,
    points: Vec<Point>,
    /// The point being gathered, and the beats in it.
    gathering: Option<Point>,
    gathered: u32,
    operations: Columns,
    components: Columns,
}

#[derive(Clone, Debug)]
struct Point {
    sample: ResourceSample,
    /// Operations ended so far.
    counts: Row,
    /// Bytes of the memory's parts.
    sizes: Row,
}

/// The figures of a point, in the order of their columns.
type Row = Box<[Option<u64>]>;

/// Whose figures the rows hold. A column is never given up, so that a shorter row is one of fewer names.
#[derive(Clone, Debug)]
struct Columns {
    most: usize,
    names: Vec<Arc<str>>,
}

impl Series {
    /// Keeps at most `limit` points (at least 4), the first one `start`.
    pub(super) fn starting(limit: usize, start: ResourceSample) -> Self {
        let first = Point {
            sample: start,
            counts: Row::default(),
            sizes: Row::default(),
        };
        Self {
            limit: limit.max(4),
            stride: 1,
            points: vec![first],
            gathering: None,
            gathered: 0,
            operations: Columns::at_most(OPERATIONS),
            components: Columns::at_most(COMPONENTS),
        }
    }

    /// Adds a beat.
    pub(super) fn beat(&mut self, seen: Seen<'_>) {
        self.gather(seen);
        self.gathered += 1;
        if self.gathered >= self.stride
            && let Some(point) = self.gathering.take()
        {
            self.gathered = 0;
            self.points.push(point);
            self.thin_out();
        }
    }

    /// Adds a reading between beats to the point being gathered.
    pub(super) fn gather(&mut self, seen: Seen<'_>) {
        let mut point = Point {
            sample: seen.sample.clone(),
            counts: self.operations.row(seen.counts),
            sizes: self.components.row(seen.sizes),
        };
        if let Some(before) = &self.gathering {
            point.keep_peaks(before);
        }
        self.gathering = Some(point);
    }

    /// The points, the one being gathered included.
    pub(super) fn points(&self) -> Vec<SeriesPoint> {
        let all = self.points.iter().chain(&self.gathering);
        all.map(|point| SeriesPoint {
            resources: point.sample.clone(),
            operations: self.operations.named(&point.counts),
            components: self.components.named(&point.sizes),
        })
        .collect()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.points.capacity() * size_of::<Point>()
            + self
                .points
                .iter()
                .map(|point| size_of_val(&*point.counts) + size_of_val(&*point.sizes))
                .sum::<usize>()
    }

    /// Leaves out every second point but the first, which is the run's start.
    fn thin_out(&mut self) {
        if self.points.len() <= self.limit {
            return;
        }
        let mut kept: Vec<Point> = Vec::with_capacity(self.points.capacity());
        let mut points = self.points.drain(..);
        kept.extend(points.next());
        while let Some(earlier) = points.next() {
            let Some(mut later) = points.next() else {
                // An odd one is left: it starts the next point.
                self.gathering = Some(earlier);
                self.gathered = self.stride;
                break;
            };
            later.keep_peaks(&earlier);
            kept.push(later);
        }
        drop(points);
        self.points = kept;
        self.stride = self.stride.saturating_mul(2);
    }
}

impl Columns {
    fn at_most(most: usize) -> Self {
        Self {
            most,
            names: Vec::new(),
        }
    }

    /// The figures in their columns; a name not seen before gets a column while there is one.
    fn row(&mut self, figures: &[Named]) -> Row {
        let mut row = vec![None; self.names.len()];
        for (position, (name, figure)) in figures.iter().enumerate() {
            // Who tells them keeps its order, so a name is nearly always where it was.
            let column = match self.names.get(position) {
                Some(known) if known == name => Some(position),
                _ => self.names.iter().position(|known| known == name),
            };
            match column {
                Some(column) => row[column] = Some(*figure),
                None if self.names.len() < self.most => {
                    self.names.push(Arc::clone(name));
                    row.push(Some(*figure));
                }
                None => {}
            }
        }
        row.into()
    }

    fn named(&self, row: &Row) -> BTreeMap<String, u64> {
        let figures = self.names.iter().zip(row);
        figures
            .filter_map(|(name, figure)| Some((name.to_string(), (*figure)?)))
            .collect()
    }
}

impl Point {
    /// Raises the memory of this point to that of `earlier`, which it takes the place of.
    fn keep_peaks(&mut self, earlier: &Self) {
        for (mine, other) in self.sizes.iter_mut().zip(&earlier.sizes) {
            *mine = (*mine).max(*other);
        }
        let (sample, earlier) = (&mut self.sample, &earlier.sample);
        // `None` is the smallest, so a value stays where only one of the two is known.
        for (mine, other) in [
            (&mut sample.anonymous_bytes, earlier.anonymous_bytes),
            (&mut sample.file_backed_bytes, earlier.file_backed_bytes),
            (&mut sample.shared_bytes, earlier.shared_bytes),
            (&mut sample.swapped_bytes, earlier.swapped_bytes),
            (&mut sample.threads, earlier.threads),
            (&mut sample.open_files, earlier.open_files),
            (&mut sample.cgroup_memory_bytes, earlier.cgroup_memory_bytes),
        ] {
            *mine = (*mine).max(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(beat: u64, anonymous: u64) -> ResourceSample {
        ResourceSample {
            at_seconds: beat as f64,
            anonymous_bytes: Some(anonymous),
            minor_faults: Some(beat),
            ..ResourceSample::default()
        }
    }

    /// A beat at which nothing but the memory is known.
    fn only(sample: &ResourceSample) -> Seen<'_> {
        Seen {
            sample,
            counts: &[],
            sizes: &[],
        }
    }

    fn run(limit: usize, beats: u64, anonymous: impl Fn(u64) -> u64) -> Series {
        let mut series = Series::starting(limit, sample(0, anonymous(0)));
        let name: Arc<str> = "search".into();
        for beat in 1..=beats {
            series.beat(Seen {
                sample: &sample(beat, anonymous(beat)),
                counts: &[(Arc::clone(&name), beat * 10)],
                sizes: &[("graph".into(), anonymous(beat))],
            });
        }
        series
    }

    #[test]
    fn below_the_limit_every_beat_is_a_point() {
        let points = run(10, 6, |beat| beat).points();
        let at: Vec<_> = points
            .iter()
            .map(|point| point.resources.at_seconds)
            .collect();
        assert_eq!(at, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(points[6].operations["search"], 60);
    }

    #[test]
    fn above_it_points_lie_equally_far_apart_and_the_last_beat_is_there() {
        for beats in 0..300 {
            let points = run(8, beats, |_| 1).points();
            assert!(points.len() <= 9, "{beats} beats: {} points", points.len());
            let at: Vec<_> = points
                .iter()
                .map(|point| point.resources.at_seconds)
                .collect();
            assert_eq!((at[0], at[at.len() - 1]), (0.0, beats as f64));
            let whole = &at[..at.len() - 1]; // the last one may still be gathering
            assert!(
                whole
                    .windows(2)
                    .all(|pair| pair[1] - pair[0] == at[1] - at[0]),
                "{beats} beats: {at:?}"
            );
            assert!(points.iter().all(
                |point| point.resources.minor_faults == Some(point.resources.at_seconds as u64)
            ));
        }
    }

    #[test]
    fn a_peak_of_one_beat_survives_any_thinning_out() {
        for peak in [1, 2, 3, 77, 500, 999, 1000] {
            let points = run(16, 1000, |beat| if beat == peak { 9999 } else { 5 }).points();
            let highest = points
                .iter()
                .max_by_key(|point| point.resources.anonymous_bytes)
                .unwrap();
            assert_eq!(
                highest.resources.anonymous_bytes,
                Some(9999),
                "peak at beat {peak}"
            );
            assert_eq!(highest.components["graph"], 9999, "peak at beat {peak}");
            assert!(highest.resources.at_seconds >= peak as f64);
        }
    }

    #[test]
    fn a_reading_between_beats_shows_at_once_and_its_peak_stays() {
        let mut series = run(8, 2, |_| 1);
        series.gather(only(&sample(3, 50)));
        assert_eq!(series.points().len(), 4);
        series.beat(only(&sample(4, 1)));
        let points = series.points();
        assert_eq!(
            (points.len(), points[3].resources.anonymous_bytes),
            (4, Some(50))
        );
    }

    #[test]
    fn operations_beyond_the_columns_are_left_out_and_late_ones_get_theirs() {
        let many: Vec<(Arc<str>, u64)> = (0..100).map(|i| (format!("op{i}").into(), i)).collect();
        let mut series = run(8, 1, |_| 1);
        series.beat(Seen {
            sample: &sample(2, 1),
            counts: &many,
            sizes: &many,
        });
        let points = series.points();
        assert_eq!(points[1].operations.len(), 1);
        // The first column is that of the one before.
        assert_eq!(points[2].operations.len(), OPERATIONS - 1);
        assert_eq!(points[2].operations["op30"], 30);
        assert_eq!(points[2].components.len(), COMPONENTS - 1);
    }

    #[test]
    fn a_part_that_is_removed_ends_and_leaves_the_others_where_they_are() {
        let mut series = Series::starting(8, sample(0, 1));
        let parts: [Named; 2] = [("graph".into(), 5), ("vectors".into(), 7)];
        for (beat, sizes) in [(1, &parts[..]), (2, &parts[1..])] {
            series.beat(Seen {
                sizes,
                ..only(&sample(beat, 1))
            });
        }
        let sizes = |point: &SeriesPoint| point.components.values().copied().collect::<Vec<_>>();
        let all: Vec<_> = series.points().iter().map(sizes).collect();
        assert_eq!(all, [vec![], vec![5, 7], vec![7]]);
    }

    #[test]
    fn a_day_of_beats_holds_what_600_points_hold() {
        let series = run(600, 864_000, |beat| beat);
        assert!(series.bytes() < 600 * 700, "{}", series.bytes());
        assert_eq!(
            series.points().last().unwrap().resources.at_seconds,
            864_000.0
        );
    }
}
