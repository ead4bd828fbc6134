//! Live reports: a small HTTP server on the loopback interface.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const LIVE: &str = include_str!("../assets/js/live.js");

/// Time that a client has for its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of a request's head.
const HEAD: u64 = 16 << 10;

/// The largest depth of files in a watched folder.
const DEPTH: usize = 5;

/// Pages of watched paths.
pub struct Server<F> {
    paths: Vec<PathBuf>,
    page: F,
    /// The last page with the stamp of its data.
    made: Mutex<Option<(u64, String)>>,
}

impl<F: Fn() -> String + Sync> Server<F> {
    /// Creates a server of the page that `page` makes of these paths.
    pub fn new(paths: Vec<PathBuf>, page: F) -> Self {
        Server {
            paths,
            page,
            made: Mutex::new(None),
        }
    }

    /// Answers requests until the process ends or the listener fails.
    ///
    /// # Errors
    /// If the listener fails.
    pub fn run(&self, listener: &TcpListener) -> io::Result<()> {
        thread::scope(|scope| {
            loop {
                let (stream, _) = listener.accept()?;
                // A client that goes away is no fault of the server.
                scope.spawn(move || drop(self.answer(stream)));
            }
        })
    }

    fn answer(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new((&stream).take(HEAD)).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut host = String::new();
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("host")
            {
                host = value.trim().to_owned();
            }
        }
        let (status, kind, body) = self.response(&request, &host);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = &stream;
        stream.write_all(head.as_bytes())?;
        if !request.starts_with("HEAD ") {
            stream.write_all(body.as_bytes())?;
        }
        stream.flush()
    }

    /// Returns the status, the type and the body that answer a request.
    fn response(&self, request: &str, host: &str) -> (&'static str, &'static str, String) {
        // Other hosts are pages of other sites, whose name leads here.
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        if !["127.0.0.1", "localhost", "[::1]"].contains(&name) {
            return (
                "403 Forbidden",
                "text/plain",
                "only for this machine\n".into(),
            );
        }
        let mut words = request.split(' ');
        match (words.next(), words.next()) {
            (Some("GET" | "HEAD"), Some("/")) => ("200 OK", "text/html", self.live()),
            (Some("GET" | "HEAD"), Some("/stamp")) => (
                "200 OK",
                "text/plain",
                format!("{:016x}", stamp(&self.paths)),
            ),
            (Some("GET" | "HEAD"), Some(_)) => ("404 Not Found", "text/plain", "not here\n".into()),
            _ => ("405 Method Not Allowed", "text/plain", "only GET\n".into()),
        }
    }

    /// Returns the page with the script that looks for changes.
    fn live(&self) -> String {
        let now = stamp(&self.paths);
        let mut made = self
            .made
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((_, page)) = made.as_ref().filter(|(of, _)| *of == now) {
            return page.clone();
        }
        let script = format!("<script>\n{LIVE}</script>\n</body>");
        let page = (self.page)().replacen("</body>", &script, 1);
        *made = Some((now, page.clone()));
        page
    }
}

/// Returns a hash of the names, sizes and times of all files in some paths.
pub fn stamp(paths: &[PathBuf]) -> u64 {
    let mut hash = DefaultHasher::new();
    paths.iter().for_each(|path| add(path, DEPTH, &mut hash));
    hash.finish()
}

fn add(path: &Path, depth: usize, hash: &mut DefaultHasher) {
    let Ok(about) = fs::metadata(path) else {
        return;
    };
    if about.is_dir() {
        let inner = fs::read_dir(path).into_iter().flatten().flatten();
        let mut inner: Vec<PathBuf> = inner.map(|entry| entry.path()).collect();
        inner.sort();
        if depth > 0 {
            inner.iter().for_each(|path| add(path, depth - 1, hash));
        }
        return;
    }
    (path, about.len(), about.modified().ok()).hash(hash);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server<impl Fn() -> String + Sync> {
        Server::new(Vec::new(), || "<body>a page</body>".into())
    }

    #[test]
    fn the_page_and_its_stamp_are_served_to_this_machine_only() {
        let server = server();
        let response = |request: &str, host: &str| server.response(request, host);
        let (status, kind, page) = response("GET / HTTP/1.1", "127.0.0.1:8764");
        assert_eq!((status, kind), ("200 OK", "text/html"));
        assert!(page.contains("a page") && page.contains("fetch(\"stamp\""));
        assert_eq!(response("GET /stamp HTTP/1.1", "localhost:1").0, "200 OK");
        assert_eq!(
            response("GET /etc/passwd HTTP/1.1", "localhost").0,
            "404 Not Found"
        );
        assert_eq!(
            response("POST / HTTP/1.1", "localhost").0,
            "405 Method Not Allowed"
        );
        assert_eq!(
            response("GET / HTTP/1.1", "evil.example").0,
            "403 Forbidden"
        );
        assert_eq!(response("", "localhost").0, "405 Method Not Allowed");
    }
}
