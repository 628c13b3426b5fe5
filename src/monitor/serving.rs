//! What a monitor answers whoever asks a running program; `docs/live.md` lists it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::assemble::Names;
use super::{Monitor, Watch};
use crate::config::{Serve, socket_place};
use crate::error::{Error, ErrorKind, Result};
use crate::export::{self, Exporter, Json};
use crate::live::{Functions, SCHEMA_VERSION};
use crate::profile::{Profile, names};
use crate::serve::{Answers, Endpoint, Method, Request, Response, Server};

/// What `GET /` says.
const CONTENTS: &str = "\
GET  /state      what the program does now: operations, process, thresholds (JSON)
GET  /series     the last 15 minutes, second by second; ?since=SECONDS for the rest (JSON)
GET  /functions  where the CPU time goes, since the start; ?seconds=N: in the next N (JSON)
POST /snapshot   the flight recorder: the last minutes and the slow operations in them, a report (JSON)
GET  /metrics    for a scraper (Prometheus' text format)
";

/// The longest profile that one may ask for, in seconds.
const LONGEST: f64 = 60.0;

/// The open endpoints of a monitor; `None` once it has ended, so that none is opened that nobody would close.
pub(super) struct Serving {
    servers: Mutex<Option<Vec<Server>>>,
    /// CPU time of those that are closed.
    closed: Mutex<Duration>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            servers: Mutex::new(Some(Vec::new())),
            closed: Mutex::default(),
        }
    }
}

impl Serving {
    /// CPU time of answering.
    pub(super) fn cost(&self) -> Duration {
        let open: Duration = self.servers().iter().flatten().map(Server::cost).sum();
        open + *self.closed()
    }

    fn has_ended(&self) -> bool {
        self.servers().is_none()
    }

    /// Keeps `server` until the end; gives it back when that has come already.
    fn keep(&self, server: Server) -> std::result::Result<(), Server> {
        match &mut *self.servers() {
            Some(servers) => servers.push(server),
            None => return Err(server),
        }
        Ok(())
    }

    /// Closes all, for good. Not under the lock: an answer under way may ask what answering costs.
    pub(super) fn stop(&self) {
        let mut open = self.servers();
        let servers = open.take().unwrap_or_default();
        let costs: Vec<_> = servers.iter().map(Server::cost).collect();
        // Who asks meanwhile is told no less than before.
        *self.closed() += costs.iter().sum();
        drop(open);
        for (server, cost) in servers.iter().zip(costs) {
            server.stop();
            *self.closed() += server.cost().saturating_sub(cost);
        }
    }

    fn servers(&self) -> MutexGuard<'_, Option<Vec<Server>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> MutexGuard<'_, Duration> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitor {
    /// Lets `vecperf top`, `curl` and scrapers look at the running program, until the monitor is finished; gives back
    /// where, with the port that the system chose. The settings do the same with `[serve]`.
    ///
    /// ```
    /// use vecperf::serve::Endpoint;
    ///
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// let endpoint = monitor.serve(&Endpoint::Port(0))?;
    /// assert!(endpoint.to_string().starts_with("http://127.0.0.1:"));
    /// monitor.finish()?;
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    ///
    /// It costs a thread that sleeps until somebody asks, and some microseconds a second to keep the last 15 minutes. A
    /// monitor that is off opens nothing.
    ///
    /// # Errors
    /// The endpoint cannot be opened: what is in the way, and what to do.
    pub fn serve(&self, endpoint: &Endpoint) -> Result<Endpoint> {
        let Some(watch) = &self.watch else {
            return Ok(endpoint.clone());
        };
        let has_ended = || {
            let message = format!("{endpoint}: this monitor has ended, and answers nobody");
            Error::new(ErrorKind::Unavailable, message)
        };
        if watch.collector.is_elsewhere() || watch.serving.has_ended() {
            return Err(has_ended());
        }
        let server = Server::start(endpoint, Arc::new(Answering(watch.shared())))?;
        let opened = server.endpoint().clone();
        // The end may have come meanwhile.
        if let Err(server) = watch.serving.keep(server) {
            server.stop();
            return Err(has_ended());
        }
        watch.view.open();
        Ok(opened)
    }

    /// Opens what the settings name.
    pub(super) fn serve_as_set(&self, settings: &Serve) -> Result<()> {
        if let Some(socket) = &settings.socket {
            let auto = socket.as_os_str() == "auto";
            let path = if auto {
                socket_place().of_process(std::process::id())
            } else {
                socket.clone()
            };
            self.serve(&Endpoint::Socket(path))?;
        }
        if let Some(port) = settings.port {
            self.serve(&Endpoint::Port(port))?;
        }
        Ok(())
    }
}

/// Keeps what is watched, and not the monitor's handle: its last one ends the run, whoever is being answered.
struct Answering(Arc<Watch>);

impl Answers for Answering {
    fn answer(&self, request: &Request) -> Response {
        let watch = &self.0;
        match (request.method, request.path.as_str()) {
            (Method::Get, "/") => Response::bytes("text/plain; charset=utf-8", CONTENTS),
            (Method::Get, "/state") => Response::json(&watch.view.state(watch.own_cpu())),
            (Method::Get, "/series") => match request.number("since") {
                Ok(since) => Response::json(&watch.view.series(since.unwrap_or(-1.0))),
                Err(()) => Response::refusal(400, "since is a number of seconds"),
            },
            // In passing: a scraper asks for months, and must not push out the edges of the program's phases.
            (Method::Get, "/metrics") => Response::bytes(
                "text/plain; version=0.0.4; charset=utf-8",
                export::openmetrics(&watch.report_of(&watch.snapshot(), Names::Unlisted)),
            ),
            (Method::Get, "/functions") => functions(watch, request),
            (Method::Post, "/snapshot") => {
                let capture = watch.capture("somebody asked");
                match Json.to_bytes(&capture) {
                    Ok(bytes) => Response::bytes("application/json", bytes),
                    Err(error) => Response::refusal(500, &error.to_string()),
                }
            }
            (Method::Get, "/snapshot") => Response::refusal(405, "this is asked for with POST"),
            (Method::Post, "/" | "/state" | "/series" | "/metrics" | "/functions") => {
                Response::refusal(405, "this is read with GET")
            }
            _ => Response::refusal(
                404,
                &format!("there is no such page; there are\n{CONTENTS}"),
            ),
        }
    }

    fn takes_long(&self, request: &Request) -> bool {
        ["/functions", "/snapshot"].contains(&request.path.as_str())
    }
}

/// Of the run so far, or of the next seconds.
fn functions(watch: &Watch, request: &Request) -> Response {
    let profile = match request.number("seconds") {
        Ok(None) => watch.profiling.profile().ok_or_else(|| {
            let why = watch.profiling.capability();
            format!("no CPU profile: {}; {}", why.reason, why.remedy)
        }),
        Ok(Some(seconds)) if seconds > 0.0 && seconds <= LONGEST => {
            let taken = watch
                .profiling
                .profile_of_next(Duration::from_secs_f64(seconds));
            taken.map_err(|error| error.to_string())
        }
        _ => return Response::refusal(400, "seconds is a number above 0, up to 60"),
    };
    match profile {
        Ok(profile) => Response::json(&of_profile(watch, request, &profile)),
        Err(why) => Response::refusal(503, &why),
    }
}

fn of_profile(watch: &Watch, request: &Request, profile: &Profile) -> Functions {
    let cpu = profile.value_index(names::CPU);
    let nanos = cpu.map_or(0, |value| profile.total(value));
    Functions {
        schema_version: SCHEMA_VERSION,
        seconds: request.number("seconds").ok().flatten(),
        cpu_seconds: nanos as f64 / 1e9,
        functions: watch.profiling.functions(profile),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::Settings;

    #[test]
    fn what_is_opened_while_the_monitor_ends_is_closed_again() {
        let mut settings = Settings::default();
        settings.monitoring.cpu_profiling = false;
        let monitor = Monitor::in_memory(settings).unwrap();
        let watch = monitor.watch.as_ref().unwrap();
        let start = || {
            let answers = Arc::new(Answering(watch.shared()));
            Server::start(&Endpoint::Port(0), answers).unwrap()
        };
        assert!(watch.serving.keep(start()).is_ok());
        let late = start();
        let Endpoint::Port(port) = *late.endpoint() else {
            unreachable!("a port was asked for")
        };
        monitor.discard();
        let late = watch.serving.keep(late).err().unwrap();
        late.stop();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(monitor.serve(&Endpoint::Port(0)).is_err());
        assert!(!watch.view.is_open(), "nothing was served");
    }
}
