//! A search service on axum, watched by vecperf: one monitor, one line around the search, `/metrics` for a scraper,
//! and the report when the service stops.
//!
//! ```sh
//! cargo run -p search-service                # serves on 127.0.0.1:3000 until Ctrl-C; `vecperf top` looks at it
//! cargo run -p search-service -- --self-test # asks itself 200 questions on a free port, then stops
//! ```

#![expect(
    clippy::print_stdout,
    reason = "a service says where it listens, and an example what it found"
)]

mod self_test;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use vecperf::{Counter, Monitor, Operation, Outcome, Settings};
use vecperf_engines::{
    BuildParameters, EngineKind, Index, Metric, SearchParameters, Vectors, build,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What every request needs; cheap to clone.
#[derive(Clone)]
struct Service {
    monitor: Monitor,
    search: Operation,
    distances: Counter,
    index: Arc<dyn Index>,
}

#[derive(Deserialize)]
struct Question {
    vector: Vec<f32>,
    k: usize,
}

#[derive(Serialize)]
struct Answer {
    ids: Vec<u32>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let self_test = std::env::args().any(|argument| argument == "--self-test");
    let mut settings = Settings::default();
    settings.output.directory = std::env::temp_dir().join("vecperf-search-service");
    if !self_test {
        settings.serve.socket = Some("auto".into()); // for `vecperf top`
    }
    let service = Service::start(Monitor::new(settings)?)?;
    let monitor = service.monitor.clone();

    let address = if self_test {
        "127.0.0.1:0"
    } else {
        "127.0.0.1:3000"
    };
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");

    let steady = monitor.steady_phase("serve");
    let server = axum::serve(listener, service.router());
    if self_test {
        tokio::select! {
            ended = server => ended?,
            asked = self_test::ask(address, 200) => asked?,
        }
    } else {
        server
            .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
            .await?;
    }
    steady.end();

    let report = monitor.finish()?;
    println!("{}", vecperf::export::console(&report));
    if self_test {
        self_test::judge(&report)
    } else {
        Ok(())
    }
}

impl Service {
    fn start(monitor: Monitor) -> Result<Self, Failure> {
        let build_phase = monitor.phase("build");
        let vectors = Vectors::new(16, some_vectors(5_000, 16)).ok_or("rows of 16 values")?;
        let parameters = BuildParameters::default();
        let index = build(
            EngineKind::Hnsw,
            &vectors,
            Metric::L2,
            &parameters,
            &monitor,
            &|_| {},
        )?;
        build_phase.end();
        let search = monitor.operation("search");
        let distances = search.counter("distance_computations");
        Ok(Self {
            monitor,
            search,
            distances,
            index: Arc::from(index),
        })
    }

    fn router(self) -> Router {
        Router::new()
            .route("/search", post(search))
            .route("/metrics", get(metrics))
            .with_state(self)
    }

    /// One watched search. Left early by `?` it counts as an error.
    fn answer(&self, question: &Question) -> Result<Answer, Failure> {
        let mut timer = self.search.start().drop_as(Outcome::Error);
        let mut searcher = self.index.searcher();
        let parameters = SearchParameters {
            k: question.k,
            ef_search: 64.max(question.k),
        };
        let ids = searcher
            .search(&question.vector, parameters)?
            .iter()
            .map(|near| near.id)
            .collect();
        timer.add(
            self.distances,
            searcher.work().distance_computations.unwrap_or(0),
        );
        timer.end(Outcome::Ok);
        Ok(Answer { ids })
    }
}

/// Searching is work for the CPU: it runs on the blocking threads, not between other requests' polls.
async fn search(
    State(service): State<Service>,
    Json(question): Json<Question>,
) -> Result<Json<Answer>, (StatusCode, String)> {
    let answered = tokio::task::spawn_blocking(move || service.answer(&question)).await;
    match answered {
        Ok(Ok(answer)) => Ok(Json(answer)),
        Ok(Err(failure)) => Err((StatusCode::BAD_REQUEST, failure.to_string())),
        Err(panicked) => Err((StatusCode::INTERNAL_SERVER_ERROR, panicked.to_string())),
    }
}

async fn metrics(State(service): State<Service>) -> String {
    vecperf::export::openmetrics(&service.monitor.report())
}

/// `count` rows that look clustered enough for a graph to be worth it.
fn some_vectors(count: usize, dimensions: usize) -> Vec<f32> {
    (0..count * dimensions)
        .map(|i| ((i / dimensions % 50) as f32) + ((i * 7919 % 1009) as f32) / 500.0)
        .collect()
}
