//! The thread that answers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use super::listener::{self, Client, Closer, Listener};
use super::request::LONGEST_HEAD;
use super::{Endpoint, Request, Response, gate};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::signals;

/// How long a client may take to say what it wants.
const ASKING: Duration = Duration::from_secs(2);
/// How long a client may take to read the answer.
const READING: Duration = Duration::from_secs(5);
/// How long the end waits for an answer under way.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is asked. One trait at the joint; its test double is at the end of this file.
pub(crate) trait Answers: Send + Sync {
    /// The answer to a request.
    fn answer(&self, request: &Request) -> Response;
    /// Whether it takes long: such a request is answered on a thread of its own, one at a time.
    fn takes_long(&self, request: &Request) -> bool;
}

/// Answers at one endpoint until it is stopped or dropped.
pub(crate) struct Server {
    endpoint: Endpoint,
    /// Ends the thread's wait, whatever has become of the socket's file.
    closer: Option<Closer>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    process: u32,
}

struct Shared {
    answers: Mutex<Option<Arc<dyn Answers>>>,
    stopping: AtomicBool,
    /// A long answer is under way.
    busy: AtomicBool,
    ended: Mutex<bool>,
    bell: Condvar,
    /// CPU time of the thread so far.
    cpu_ns: AtomicU64,
    /// Of the threads that made long answers.
    long_cpu_ns: AtomicU64,
}

impl Server {
    /// Opens `endpoint` and answers from now on.
    ///
    /// # Errors
    /// It cannot be opened, or there is no thread for it: why, and what to do.
    pub(crate) fn start(endpoint: &Endpoint, answers: Arc<dyn Answers>) -> Result<Self> {
        let listener = Listener::open(endpoint)?;
        let (endpoint, closer) = (listener.endpoint(), listener.closer());
        let shared = Arc::new(Shared {
            answers: Mutex::new(Some(answers)),
            stopping: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            ended: Mutex::new(false),
            bell: Condvar::new(),
            cpu_ns: AtomicU64::new(0),
            long_cpu_ns: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        let thread = Builder::new()
            .name("vecperf-serve".to_owned())
            .spawn(move || run(&of_thread, listener))
            .map_err(|error| {
                let message = format!("{endpoint}: no thread to answer with");
                Error::new(ErrorKind::Unavailable, message).because(error)
            })?;
        Ok(Self {
            endpoint,
            closer,
            shared,
            thread: Mutex::new(Some(thread)),
            process: std::process::id(),
        })
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// CPU time of the thread so far.
    pub(crate) fn cost(&self) -> Duration {
        let all = [&self.shared.cpu_ns, &self.shared.long_cpu_ns];
        Duration::from_nanos(all.map(|it| it.load(Ordering::Relaxed)).iter().sum())
    }

    /// Ends the thread and removes the socket; an answer that is still under way after a second is left behind.
    pub(crate) fn stop(&self) {
        if std::process::id() != self.process {
            return;
        }
        let Some(thread) = lock(&self.thread).take() else {
            return;
        };
        self.shared.stopping.store(true, Ordering::Release);
        if !self.closer.as_ref().is_some_and(Closer::close) {
            listener::knock(&self.endpoint);
        }
        let ended =
            self.shared
                .bell
                .wait_timeout_while(lock(&self.shared.ended), PATIENCE, |ended| !*ended);
        let ended = *ended.unwrap_or_else(PoisonError::into_inner).0;
        lock(&self.shared.answers).take();
        if ended && thread::current().id() != thread.thread().id() {
            drop(thread.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::process::id() == self.process {
            self.stop();
        } else {
            // The thread does not exist in a child that was forked; even detaching it would touch it.
            std::mem::forget(lock(&self.thread).take());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(shared: &Arc<Shared>, listener: Listener) {
    signals::leave_to_the_program();
    let open_to_all = listener.is_open_to_all();
    loop {
        let client = listener.accept();
        if shared.stopping.load(Ordering::Acquire) {
            break;
        }
        match client {
            Ok(Some(client)) => {
                let one = AssertUnwindSafe(|| serve(shared, client, open_to_all));
                // Whatever went wrong with this client, the next one is answered.
                drop(catch_unwind(one));
            }
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // No descriptor is left, say: the program may close some.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
        if let Some(nanos) = own_cpu_ns() {
            shared.cpu_ns.store(nanos, Ordering::Relaxed);
        }
    }
    drop(listener); // removes the file, before anybody hears that it is gone
    *lock(&shared.ended) = true;
    shared.bell.notify_all();
}

/// CPU time of this thread.
fn own_cpu_ns() -> Option<u64> {
    u64::try_from(clock::thread_cpu()?.as_nanos()).ok()
}

/// One client: one request, one answer.
fn serve(shared: &Arc<Shared>, mut client: Box<dyn Client>, open_to_all: bool) {
    let request = listener::read_head(&mut *client, LONGEST_HEAD, ASKING)
        .and_then(|head| Request::parse(&head))
        .and_then(|request| match open_to_all {
            true => gate::admit(&request).map(|()| request),
            false => Ok(request),
        });
    let request = match request {
        Ok(request) => request,
        Err((status, why)) => {
            let refusal = Response::refusal(status, why).to_wire(false);
            return listener::write(&mut *client, &refusal, READING);
        }
    };
    let Some(answers) = lock(&shared.answers).clone() else {
        return;
    };
    if !answers.takes_long(&request) {
        return answer(&*answers, &request, client, || ());
    }
    if shared.busy.swap(true, Ordering::AcqRel) {
        let busy = Response::refusal(
            503,
            "a profile or a capture is being made for somebody else; try again",
        );
        return listener::write(&mut *client, &busy.to_wire(false), READING);
    }
    let of_thread = Arc::clone(shared);
    let long = move || {
        signals::leave_to_the_program();
        let free = || of_thread.busy.store(false, Ordering::Release);
        let one = AssertUnwindSafe(|| answer(&*answers, &request, client, free));
        if catch_unwind(one).is_err() {
            free();
        }
        let nanos = own_cpu_ns().unwrap_or(0);
        of_thread.long_cpu_ns.fetch_add(nanos, Ordering::Relaxed);
    };
    let name = "vecperf-answer".to_owned();
    if Builder::new().name(name).spawn(long).is_err() {
        shared.busy.store(false, Ordering::Release);
    }
}

/// `free` is called before the client has all of the answer: who asks again at once finds the place free.
fn answer(
    answers: &dyn Answers,
    request: &Request,
    mut client: Box<dyn Client>,
    free: impl FnOnce(),
) {
    let response = catch_unwind(AssertUnwindSafe(|| answers.answer(request)))
        .unwrap_or_else(|_| Response::refusal(500, "vecperf panicked over this request"));
    let wire = response.to_wire(request.head_only);
    let (most, last) = wire.split_at(wire.len().saturating_sub(1));
    listener::write(&mut *client, most, READING);
    free();
    listener::write(&mut *client, last, READING);
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Answers `/long` and `/held` when it is let, and panics over `/panic`.
    struct Double {
        begun: Sender<()>,
        go_on: Mutex<Receiver<()>>,
    }

    impl Answers for Double {
        fn answer(&self, request: &Request) -> Response {
            match request.path.as_str() {
                "/panic" => panic!("on purpose"),
                "/long" | "/held" => {
                    self.begun.send(()).unwrap();
                    lock(&self.go_on).recv().unwrap();
                }
                _ => {}
            }
            Response::bytes("text/plain", request.path.as_str())
        }

        fn takes_long(&self, request: &Request) -> bool {
            request.path == "/long"
        }
    }

    /// A server, its port, what tells that an answer is under way, and what lets it go on.
    fn served() -> (Server, u16, Receiver<()>, Sender<()>) {
        let ((begun, is_begun), (let_go, go_on)) = (channel(), channel());
        let go_on = Mutex::new(go_on);
        let server = Server::start(&Endpoint::Port(0), Arc::new(Double { begun, go_on })).unwrap();
        let Endpoint::Port(port) = *server.endpoint() else {
            unreachable!("a port was asked for")
        };
        (server, port, is_begun, let_go)
    }

    fn ask(port: u16, path: &str) -> String {
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(client, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    }

    fn begin(port: u16, path: &'static str) -> JoinHandle<String> {
        thread::spawn(move || ask(port, path))
    }

    #[test]
    fn one_long_answer_at_a_time_and_a_panic_is_told() {
        let (server, port, is_begun, let_go) = served();
        assert!(ask(port, "/panic").starts_with("HTTP/1.1 500 "));
        let long = begin(port, "/long");
        is_begun.recv().unwrap();
        assert!(ask(port, "/long").starts_with("HTTP/1.1 503 "));
        assert!(ask(port, "/short").ends_with("/short"));
        let_go.send(()).unwrap();
        assert!(long.join().unwrap().ends_with("/long"));
        server.stop();
    }

    #[test]
    fn the_end_does_not_wait_for_ever() {
        for path in ["/long", "/held"] {
            let (server, port, is_begun, let_go) = served();
            let under_way = begin(port, path);
            is_begun.recv().unwrap();
            let begun = clock::Moment::now();
            server.stop();
            assert!(begun.elapsed() < PATIENCE * 5, "{path}");
            let_go.send(()).unwrap();
            assert!(under_way.join().unwrap().ends_with(path));
        }
    }
}
