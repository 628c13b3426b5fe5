//! `vecperf dash`: a running program in the browser. The page is ours, and served here; what it shows is asked of the
//! program, and pushed to the page as server-sent events. Loopback only.

mod page;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::args::DashArgs;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;
use crate::watched::{Following, Place, Silence, Watched};

/// Pages open at once.
const MOST: usize = 16;
/// Seconds of a profile.
const PROFILE: u64 = 5;
/// Between two looks at the program.
const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &DashArgs, terminal: Terminal) -> Result<Exit> {
    let place = Place::asked_for(&args.watched)?;
    let watched = Watched::at(place.clone());
    watched
        .state()
        .map_err(|silence| Failure::from((&place, silence)))?;
    let cannot = |error: io::Error| {
        Failure::runtime(format!("port {} of 127.0.0.1 cannot be opened", args.port))
            .because(&error)
            .remedy("leave --port out for one that is free")
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(cannot)?;
    let port = listener.local_addr().map_err(cannot)?.port();
    terminal.data(&format!("http://127.0.0.1:{port}\n"))?;
    terminal.remark(format_args!("shows {place}; Ctrl-C ends"));
    let open = Arc::new(AtomicUsize::new(0));
    for client in listener.incoming() {
        let Ok(client) = client else {
            thread::sleep(Duration::from_millis(100)); // no descriptor is left, say
            continue;
        };
        if open.fetch_add(1, Ordering::Relaxed) >= MOST {
            open.fetch_sub(1, Ordering::Relaxed);
            continue; // dropped: closed
        }
        let (watched, open) = (watched.clone(), Arc::clone(&open));
        let spawned = thread::Builder::new().spawn(move || {
            // A browser that has gone away is no error.
            let _ = answer(client, port, &watched);
            open.fetch_sub(1, Ordering::Relaxed);
        });
        drop(spawned);
    }
    Ok(Exit::Fine)
}

/// One request of a browser on this machine.
fn answer(mut client: TcpStream, port: u16, watched: &Watched) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(2)))?;
    client.set_write_timeout(Some(Duration::from_secs(5)))?;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = client.read(&mut chunk)?;
        if read == 0 || head.len() > 8192 {
            return Ok(());
        }
        head.extend_from_slice(&chunk[..read]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    if !page::is_own(&head, port) {
        return send(
            &mut client,
            "403 Forbidden",
            "text/plain",
            b"only pages of this machine are answered\n",
        );
    }
    let target = head.split(' ').nth(1).unwrap_or_default();
    match (head.starts_with("GET "), target) {
        (true, "/") => send(
            &mut client,
            "200 OK",
            "text/html; charset=utf-8",
            page::HTML.as_bytes(),
        ),
        (true, "/events") => events(&mut client, watched),
        (true, "/functions") => {
            let functions = watched.functions(PROFILE).map_err(|why| why.to_string());
            let json = functions.and_then(|functions| {
                serde_json::to_vec(&functions).map_err(|error| error.to_string())
            });
            match json {
                Ok(json) => send(&mut client, "200 OK", "application/json", &json),
                Err(why) => send(
                    &mut client,
                    "503 Service Unavailable",
                    "text/plain",
                    why.as_bytes(),
                ),
            }
        }
        _ => send(
            &mut client,
            "404 Not Found",
            "text/plain",
            b"there is no such page\n",
        ),
    }
}

fn send(client: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Connection: close\r\n\r\n",
        body.len(),
        page::POLICY
    );
    client.write_all(head.as_bytes())?;
    client.write_all(body)
}

/// Pushes the state, and the seconds that are new, until the page is closed.
fn events(client: &mut TcpStream, watched: &Watched) -> io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
          X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 1000\n\n",
    )?;
    let mut following = Following::new(watched.clone());
    loop {
        let news = following.news();
        client.write_all(event(news).as_bytes())?;
        thread::sleep(INTERVAL);
    }
}

/// JSON has no line breaks, so that an event is one line whatever names are in it.
fn event(
    news: std::result::Result<(vecperf::live::State, vecperf::live::Series), Silence>,
) -> String {
    let (kind, data) = match news {
        Ok(both) => ("seen", serde_json::to_string(&both)),
        Err(why) => ("lost", serde_json::to_string(&why.to_string())),
    };
    format!(
        "event: {kind}\ndata: {}\n\n",
        data.unwrap_or_else(|_| "null".to_owned())
    )
}
