//! What a bench run will do, checked as far as can be before the work starts.

use std::time::Duration;

use vecperf::Settings;
use vecperf_engines::{BuildParameters, EngineKind, Metric, SearchParameters};

use crate::args::{BenchArgs, EngineArgs, Format, RecallMode};
use crate::dataset::{Cache, Dataset, Source};
use crate::driver::{Arrivals, Budget};
use crate::exit::{Failure, Result};
use crate::index_file;

/// All decisions of one run.
pub(super) struct Plan {
    pub(super) source: Source,
    pub(super) cache: Cache,
    pub(super) metric: Option<Metric>,
    pub(super) engine: EngineKind,
    pub(super) build: BuildParameters,
    pub(super) search: SearchParameters,
    /// Further values of `ef_search`, each for a phase of its own.
    pub(super) further: Vec<usize>,
    pub(super) threads: usize,
    /// Searches right after the index was evicted from memory; `None`: it is not.
    pub(super) cold: Option<usize>,
    pub(super) warm_up: Duration,
    pub(super) budget: Budget,
    /// The open loop's schedule; `None`: a closed loop.
    pub(super) arrivals: Option<Arrivals>,
    pub(super) judge: bool,
    pub(super) format: Format,
    pub(super) gate: bool,
}

impl Plan {
    /// The plan that the flags ask for.
    ///
    /// # Errors
    /// An engine that this build does not hold; a parameter that the engine knows nothing of.
    pub(super) fn new(args: &BenchArgs) -> Result<Self> {
        let (data, load) = (&args.data, &args.load);
        let engine = args.engine.engine.parse::<EngineKind>()?;
        check_parameters(engine, &args.engine)?;
        check_cold(engine, load.cold)?;
        let build = build_parameters(&args.engine, load.seed)?;
        Ok(Self {
            source: Source {
                dataset: data.dataset.clone(),
                queries: data.queries.clone(),
                truth: data.truth.clone(),
                limit: data.limit,
            },
            cache: if data.no_cache {
                Cache::off()
            } else {
                Cache::of_user()
            },
            metric: data.metric.map(Into::into),
            engine,
            search: SearchParameters {
                k: load.k,
                ef_search: build.ef_search,
            },
            further: further(&args.engine.ef_search)?,
            build,
            threads: load.threads(),
            cold: load.cold,
            warm_up: load.warm_up,
            budget: load.budget(),
            arrivals: load
                .rate
                .map(|rate| Arrivals::new(load.arrival, rate, load.seed)),
            judge: args.output.recall == RecallMode::On,
            format: args.output.format,
            gate: args.output.gate,
        })
    }

    /// What the settings make impossible.
    ///
    /// # Errors
    /// A report is asked for and none will be made.
    pub(super) fn check_settings(&self, settings: &Settings) -> Result<()> {
        let needs_report = match (self.format, &self.further[..]) {
            _ if settings.monitoring.enabled => return Ok(()),
            (Format::Table, []) => return Ok(()),
            (Format::Table, _) => "--ef-search with several values",
            _ => "--format",
        };
        let refusal =
            format!("{needs_report} needs a report, and monitoring.enabled = false makes none");
        Err(Failure::usage(refusal).remedy(format!(
            "VECPERF_MONITORING__ENABLED=true, or leave {needs_report} out"
        )))
    }

    /// What can be known only once the data are here.
    ///
    /// # Errors
    /// More neighbours wanted than there are vectors.
    pub(super) fn check(&self, data: &Dataset) -> Result<()> {
        let (k, vectors) = (self.search.k, data.base.len());
        if k > vectors {
            return Err(Failure::usage(format!(
                "--k {k}: {} holds only {vectors} vectors",
                data.name
            ))
            .remedy(format!("--k {vectors} or less, or more vectors")));
        }
        Ok(())
    }

    /// How the load is sent, in words.
    pub(super) fn load_in_words(
        &self,
        arrivals: Option<&Arrivals>,
        parameters: SearchParameters,
    ) -> String {
        let mut words = match self.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        if let Some(arrivals) = arrivals {
            words += &format!(", {} arrivals per second", arrivals.rate());
        }
        if !self.further.is_empty() {
            words += &format!(", ef_search {}", parameters.ef_search);
        }
        words
    }

    /// The engine and what it is built by, in a line: `hnsw m=16 ef_construction=200`.
    pub(super) fn engine_in_words(&self) -> String {
        let parameters = self
            .parameters()
            .into_iter()
            .filter(|(name, _)| *name != "ef_search");
        parameters.fold(self.engine.to_string(), |words, (name, value)| {
            format!("{words} {name}={value}")
        })
    }

    /// The engine's parameters, by the names of their flags; only those that it knows.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let graph = [
            ("m", self.build.m.to_string()),
            ("ef_construction", self.build.ef_construction.to_string()),
            ("ef_search", self.search.ef_search.to_string()),
        ];
        match self.engine {
            EngineKind::Hnsw => graph.to_vec(),
            EngineKind::Usearch => {
                let quantization = ("quantization", self.build.quantization.name().to_owned());
                graph.into_iter().chain([quantization]).collect()
            }
            EngineKind::Exact => Vec::new(),
        }
    }
}

/// A flag without effect would let its user believe in one.
fn check_parameters(engine: EngineKind, args: &EngineArgs) -> Result<()> {
    let graph = [
        ("--m", args.m),
        ("--ef-construction", args.ef_construction),
        ("--ef-search", args.ef_search.first().copied()),
    ];
    let given = graph.iter().find(|(_, value)| value.is_some());
    match (engine, given) {
        (EngineKind::Exact, Some((flag, _))) => {
            Err(Failure::usage(format!("{flag}: engine exact has no graph"))
                .remedy("leave the flag out, or use --engine hnsw"))
        }
        _ => Ok(()),
    }
}

/// Values of `ef_search` at most: with the inserts and an opened file they are among the 16 operations that the report's
/// blocks of time hold.
const MOST_SETTINGS: usize = 12;

/// All but the first value.
fn further(ef_search: &[usize]) -> Result<Vec<usize>> {
    let twice = |at: &usize| ef_search[..*at].contains(&ef_search[*at]);
    if let Some(at) = (1..ef_search.len()).find(twice) {
        return Err(
            Failure::usage(format!("--ef-search: {} twice", ef_search[at]))
                .remedy("each value once"),
        );
    }
    if ef_search.len() > MOST_SETTINGS {
        let given = ef_search.len();
        return Err(
            Failure::usage(format!("--ef-search: {given} values")).remedy(format!(
                "{MOST_SETTINGS} or fewer: a curve needs about five"
            )),
        );
    }
    Ok(ef_search.iter().skip(1).copied().collect())
}

/// What is not in a file cannot be evicted.
fn check_cold(engine: EngineKind, cold: Option<usize>) -> Result<()> {
    if cold.is_none() || engine.serves_from_file() && index_file::CAN_EVICT {
        return Ok(());
    }
    if !engine.serves_from_file() {
        let refusal = format!("--cold: engine {engine} keeps its index in memory, not in a file");
        return Err(Failure::usage(refusal).remedy("--engine exact, or usearch in builds with it"));
    }
    Err(
        Failure::usage("--cold: this system has no way to evict a file from memory without root")
            .remedy("Linux"),
    )
}

fn build_parameters(args: &EngineArgs, seed: u64) -> Result<BuildParameters> {
    let default = BuildParameters::default();
    Ok(BuildParameters {
        m: args.m.unwrap_or(default.m),
        ef_construction: args.ef_construction.unwrap_or(default.ef_construction),
        ef_search: args.ef_search.first().copied().unwrap_or(default.ef_search),
        seed,
        quantization: match &args.quantization {
            Some(name) => name.parse()?,
            None => default.quantization,
        },
        ..default
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn plan(flags: &str) -> Result<Plan> {
        let words = ["vecperf", "bench"]
            .into_iter()
            .chain(flags.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Command::Bench(args) => Plan::new(&args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_flags_leave_out_has_a_default() {
        let plan = plan("").unwrap();
        assert_eq!((plan.engine, plan.search.k), (EngineKind::Hnsw, 10));
        assert_eq!(plan.budget, Budget::Time(Duration::from_secs(10)));
        assert!(plan.judge && plan.arrivals.is_none() && plan.threads >= 1 && !plan.gate);
    }

    #[test]
    fn a_parameter_that_the_engine_does_not_know_is_refused() {
        let refusal = |flags| {
            plan(flags)
                .err()
                .map(|failure| failure.to_string())
                .unwrap_or_default()
        };
        assert!(
            refusal("--engine exact --ef-search 10")
                .starts_with("--ef-search: engine exact has no graph")
        );
        assert!(refusal("--engine hnws").contains("hnsw, exact"));
        assert!(refusal("--cold").contains("engine hnsw keeps its index in memory"));
        assert!(refusal("--quantization f8").contains("f32, f16 or i8"));
    }

    #[test]
    fn several_candidate_numbers_are_settings_each_once() {
        let sweep = plan("--ef-search 64,32,128").unwrap();
        assert_eq!(sweep.search.ef_search, 64);
        assert_eq!(sweep.further, [32, 128]);
        assert_eq!(plan("").unwrap().further, [0; 0]);
        let twice = plan("--ef-search 64,32,64").err().unwrap().to_string();
        assert!(twice.starts_with("--ef-search: 64 twice"), "{twice}");
        let many: Vec<_> = (1..=13).map(|ef: u32| ef.to_string()).collect();
        let many = plan(&format!("--ef-search {}", many.join(",")));
        assert!(many.err().unwrap().to_string().contains("13 values"));
    }

    #[test]
    fn the_report_names_only_parameters_that_count() {
        assert_eq!(plan("--engine exact").unwrap().parameters(), []);
        let parameters = plan("--ef-search 99").unwrap().parameters();
        assert!(
            parameters.contains(&("ef_search", "99".to_owned())),
            "{parameters:?}"
        );
    }
}
