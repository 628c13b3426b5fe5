//! What is mapped where now, and when to look again.

use super::catalogue::Catalogue;
use super::maps::{self, Mapping};
use super::modules::ModuleId;
use super::process::Process;

/// After an address in no known mapping the maps are read again, at most this often.
const MISS_INTERVAL_NS: u64 = 100_000_000;
/// The interval after misses that a new look did not explain, at most: doubled each time.
const LONGEST_MISS_INTERVAL_NS: u64 = 3_200_000_000;
/// After word of a change the maps are read again, at most this often.
const CHANGE_INTERVAL_NS: u64 = 5_000_000;
/// Without word of a change they are read again so often: code may have been replaced where code was.
const LOOK_INTERVAL_NS: u64 = 1_000_000_000;
/// Per thousand mappings the intervals are this many times longer: so many take about a millisecond to read.
const MAPPINGS_PER_INTERVAL: u64 = 1000;

/// Where an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) module: ModuleId,
    /// What the process's addresses are more than the file's.
    pub(super) bias: u64,
}

/// What is mapped where now.
#[derive(Debug)]
pub(super) struct Layout {
    process: Process,
    mappings: Vec<Mapping>,
    /// Beside `mappings`.
    places: Vec<State>,
    changed: bool,
    looked_at_ns: Option<u64>,
    miss_interval_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unseen,
    Known(Place),
    /// One module too many.
    Refused,
}

/// What `find` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Seen before.
    Known(Place),
    /// Seen for the first time in this layout; the range that it is mapped at.
    New(Place, std::ops::Range<u64>),
    Nothing,
}

impl Layout {
    pub(super) fn new(process: Process) -> Self {
        Self {
            process,
            mappings: Vec::new(),
            places: Vec::new(),
            changed: true,
            looked_at_ns: None,
            miss_interval_ns: MISS_INTERVAL_NS,
        }
    }

    /// Word of a change.
    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    /// The process executed another program: what was mapped is no longer. Word of what is comes next; the maps may be
    /// of a later program already.
    pub(super) fn replaced(&mut self) {
        *self = Self {
            changed: false,
            ..Self::new(self.process.clone())
        };
    }

    /// Word of what was mapped. In the order of samples, and also of a process that has ended since, which the maps are
    /// not. `true`: what was found before holds no longer.
    pub(super) fn mapped(&mut self, mapping: Mapping, catalogue: &mut Catalogue) -> bool {
        let Some(end) = Some(mapping.end).filter(|end| *end > mapping.start) else {
            return false;
        };
        let from = self
            .mappings
            .partition_point(|other| other.end <= mapping.start);
        let to = self.mappings.partition_point(|other| other.start < end);
        if let [same] = &self.mappings[from..to]
            && *same == mapping
            && self.is_still(from, catalogue)
        {
            return false;
        }
        let overlapped = self.mappings[from..to].to_vec();
        let left = overlapped
            .first()
            .and_then(|other| other.before(mapping.start));
        let right = overlapped.last().and_then(|other| other.after(end));
        let new: Vec<Mapping> = left.into_iter().chain([mapping]).chain(right).collect();
        self.places.splice(from..to, vec![State::Unseen; new.len()]);
        self.mappings.splice(from..to, new);
        self.mappings.truncate(maps::MAX_MAPPINGS);
        self.places.truncate(maps::MAX_MAPPINGS);
        !overlapped.is_empty()
    }

    /// Whether the mapping is of the module that it was found to be of.
    fn is_still(&self, at: usize, catalogue: &mut Catalogue) -> bool {
        match self.places[at] {
            State::Known(place) => {
                catalogue.at(&self.mappings[at], &self.process) == Some(place.module)
            }
            State::Unseen => true,
            State::Refused => false,
        }
    }

    /// Reads the maps again if there was word of a change, or none for long. `true`: what was found before holds no
    /// longer.
    pub(super) fn follow(&mut self, now_ns: u64) -> bool {
        let interval = match self.changed {
            true => CHANGE_INTERVAL_NS,
            false => LOOK_INTERVAL_NS,
        };
        if !self.changed && self.looked_at_ns.is_none() {
            self.looked_at_ns = Some(now_ns);
        }
        self.is_due(now_ns, interval) && self.look(now_ns)
    }

    /// An address was in no known mapping: reads the maps again if that may help. `true`: what was found before holds no
    /// longer.
    pub(super) fn missed(&mut self, now_ns: u64) -> bool {
        if !self.is_due(now_ns, self.miss_interval_ns) {
            return false;
        }
        let is_new = self.look(now_ns);
        self.miss_interval_ns = if is_new {
            MISS_INTERVAL_NS
        } else {
            (self.miss_interval_ns * 2).min(LONGEST_MISS_INTERVAL_NS)
        };
        is_new
    }

    /// Where `address` lies; reads the module when it is seen for the first time.
    pub(super) fn find(&mut self, address: u64, catalogue: &mut Catalogue) -> Found {
        let after = self
            .mappings
            .partition_point(|mapping| mapping.start <= address);
        let Some(at) = after.checked_sub(1) else {
            return Found::Nothing;
        };
        let mapping = &self.mappings[at];
        if address >= mapping.end {
            return Found::Nothing;
        }
        match self.places[at] {
            State::Known(place) => return Found::Known(place),
            State::Refused => return Found::Nothing,
            State::Unseen => {}
        }
        let Some(module) = catalogue.at(mapping, &self.process) else {
            self.places[at] = State::Refused;
            return Found::Nothing;
        };
        let bias = catalogue
            .modules()
            .get(module)
            .map_or(0, |module| module.bias_at(mapping));
        let place = Place { module, bias };
        self.places[at] = State::Known(place);
        Found::New(place, mapping.start..mapping.end)
    }

    fn is_due(&self, now_ns: u64, interval_ns: u64) -> bool {
        let longer = 1 + self.mappings.len() as u64 / MAPPINGS_PER_INTERVAL;
        self.looked_at_ns
            .is_none_or(|at| now_ns.abs_diff(at) >= interval_ns.saturating_mul(longer))
    }

    /// Of a process that has ended the last layout stays: its samples may still come.
    fn look(&mut self, now_ns: u64) -> bool {
        self.looked_at_ns = Some(now_ns);
        let after_word = std::mem::take(&mut self.changed);
        let mappings = match self.process.maps() {
            Ok(text) if !text.is_empty() => maps::executable(&text),
            _ => return false,
        };
        // After word of a change also the same mappings may be of files that were written to.
        if !after_word && mappings == self.mappings {
            return false;
        }
        self.places = vec![State::Unseen; mappings.len()];
        self.mappings = mappings;
        true
    }
}
