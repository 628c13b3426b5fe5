//! The rules by name.

use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A rule that findings come from. The names are stable: `docs/findings.md` has each one's condition.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// All of them, in the order in which findings of one severity are told.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in files: `distance_bound`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

rules! {
    /// Recall is surely below what the settings ask for.
    RecallBelowTarget = "recall_below_target",
    /// More candidates (`ef`) cost time and find nothing more.
    EfSaturated = "ef_saturated",
    /// Operations ended in errors.
    Errors = "errors",
    /// A verdict, or a quantile, rests on too few operations.
    TooFewSamples = "too_few_samples",
    /// A closed loop with stalls: those who would have come meanwhile were not counted.
    CoordinatedOmission = "coordinated_omission",
    /// An open loop asked for more than was served.
    Overloaded = "overloaded",
    /// The slow operations waited: for a lock, for I/O, asleep.
    BlockedTail = "blocked_tail",
    /// The slow operations were ready to run while others had the CPUs.
    PreemptedTail = "preempted_tail",
    /// Operations waited for pages that were not in memory.
    ColdPages = "cold_pages",
    /// Latencies have two modes: two kinds of operations in one.
    Bimodal = "bimodal",
    /// Most CPU time is spent in computing distances.
    DistanceBound = "distance_bound",
    /// Much CPU time is spent in the kernel.
    KernelBound = "kernel_bound",
    /// An operation allocates often.
    AllocationHeavy = "allocation_heavy",
    /// An operation leaves memory behind each time.
    Leaving = "leaving",
    /// Little memory is left before something stops the process.
    NearMemoryLimit = "near_memory_limit",
    /// Memory grows.
    Growth = "growth",
    /// The process is swapped out in part.
    Swapped = "swapped",
    /// Time is lost to making memory free.
    MemoryPressure = "memory_pressure",
    /// Much memory that nobody explains.
    UnexplainedMemory = "unexplained_memory",
    /// More search threads than CPUs.
    Oversubscribed = "oversubscribed",
    /// The index was built on about one CPU while more were there.
    SerialBuild = "serial_build",
    /// Others took CPU time: figures of this run may not repeat.
    NoisyMachine = "noisy_machine",
    /// The profiler took fewer samples than asked for, or not by its best back end.
    SamplingDegraded = "sampling_degraded",
    /// The profiler lost samples.
    SamplesLost = "samples_lost",
    /// Stacks of the profile end before their root.
    StacksCutOff = "stacks_cut_off",
    /// Operations without a series of their own.
    SeriesOverflow = "series_overflow",
    /// The run was cut short.
    CutShort = "cut_short",
}
