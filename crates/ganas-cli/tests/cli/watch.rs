//! `ganas report --watch`: the page of a run on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use crate::sandbox::Sandbox;

/// A server that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts to watch a folder; the server and its address.
fn watch(sandbox: &Sandbox, folder: &str) -> (Served, String) {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("ganas"))
        .current_dir(sandbox.path(""))
        .args(["report", "--watch", folder, "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    let address = line
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    (Served(child), address.to_owned())
}

/// Asks for a path; the whole response.
fn get(address: &str, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_page_is_served_and_its_stamp_follows_the_run() {
    let sandbox = Sandbox::new();
    let task = "--space chain.toml --table chain.csv --objective accuracy --strategy random";
    sandbox
        .run(&format!("search {task} --queries 10 --out run --quiet"))
        .success();
    let (_server, address) = watch(&sandbox, "run");
    let page = get(&address, "/", &address);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("</html>"));
    let stamp = || get(&address, "/stamp", &address);
    let before = stamp();
    assert_eq!(stamp(), before);
    sandbox.run("resume run --queries 20 --quiet").success();
    assert_ne!(stamp(), before);
    // Nothing else is served, and to nobody else.
    assert!(get(&address, "/../chain.csv", &address).starts_with("HTTP/1.1 404"));
    assert!(get(&address, "/", "example.org").starts_with("HTTP/1.1 403"));
    // A client that says nothing does not stop others.
    let _silent = TcpStream::connect(&address).unwrap();
    assert!(get(&address, "/", &address).contains("200 OK"));
}

#[test]
fn an_empty_folder_is_watched_until_a_run_begins() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("soon")).unwrap();
    let (_server, address) = watch(&sandbox, "soon");
    assert!(get(&address, "/", &address).contains("200 OK"));
}

#[test]
fn faults_are_refused_in_one_line() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "report --watch missing",
        &["missing: there is no such file", "check the path"],
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    sandbox.refuses(
        &format!("report --watch . --port {port}"),
        &["is in use", "--port"],
    );
    sandbox.refuses("report --port 1 .", &["--watch"]);
    sandbox.refuses("report --watch . --out page.html", &["--out"]);
}
