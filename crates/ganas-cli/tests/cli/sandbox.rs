//! A folder of small inputs, and the binary run in it.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;

/// Architectures of the chain space: 4 blocks of 5 ops.
pub const CHAINS: usize = 625;

const OPS: [char; 5] = ['a', 'b', 'c', 'd', 'e'];

/// A folder that is removed at the end of a test.
pub struct Sandbox(TempDir);

impl Sandbox {
    /// A folder with `chain.toml` and `chain.csv`: all chains, each with an `accuracy` of its own
    /// (the best is 62.4) and a `latency` from 0 to 24; the space knows `params` from 4 to 20.
    pub fn new() -> Self {
        let sandbox = Sandbox(TempDir::new().unwrap());
        sandbox.write(
            "chain.toml",
            "name = \"chain\"\nkind = \"chain\"\nlength = 4\n\
             ops = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n\
             [metrics]\nparams = { a = 1, b = 2, c = 3, d = 4, e = 5 }\n",
        );
        let mut csv = String::from("arch,accuracy,latency,note\n");
        for i in 0..CHAINS {
            let arch = [125, 25, 5, 1]
                .map(|d| OPS[i / d % 5].to_string())
                .join(";");
            let accuracy = (i * 89 % CHAINS) as f64 / 10.0;
            writeln!(csv, "{arch},{accuracy},{},text", i % 25).unwrap();
        }
        sandbox.write("chain.csv", &csv);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        // The path lies in the folder.
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The `evaluations.csv` of a run without the time that evaluations took.
    pub fn trace(&self, run: &str) -> String {
        let csv = self.read(&format!("{run}/evaluations.csv"));
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        let timed = rows[0].iter().position(|name| name == "evaluation_seconds");
        let untimed = |row: &csv::StringRecord| {
            let cells = row.iter().enumerate().filter(|(i, _)| Some(*i) != timed);
            cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",") + "\n"
        };
        rows.iter().map(untimed).collect()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The binary in this folder, with a cache of its own.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::cargo_bin("ganas").unwrap();
        command.current_dir(self.0.path());
        command.env("GANAS_CACHE", self.path("cache"));
        command.args(split(args));
        command
    }

    /// Runs the binary; arguments are split at blanks, except within `'..'`.
    pub fn run(&self, args: &str) -> Assert {
        self.command(args).assert()
    }

    /// Starts the binary.
    pub fn start(&self, args: &str) -> Child {
        std::process::Command::new(assert_cmd::cargo::cargo_bin("ganas"))
            .current_dir(self.0.path())
            .env("GANAS_CACHE", self.path("cache"))
            .args(split(args))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Starts the binary, and kills it after a while, unless it has ended well by then; whether it was
    /// killed.
    pub fn kill_after(&self, args: &str, time: Duration) -> bool {
        let mut child = self.start(args);
        sleep(time);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{args}");
            return false;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        true
    }

    /// Starts the binary, and interrupts it as soon as a file is there. Its exit code and what it
    /// said on standard error.
    pub fn interrupt_once_there(&self, args: &str, file: &str) -> (Option<i32>, String) {
        self.interrupt_once(args, || self.path(file).exists())
    }

    /// The same as soon as something is so.
    pub fn interrupt_once(&self, args: &str, so: impl Fn() -> bool) -> (Option<i32>, String) {
        signal_once(self.start(args), "-INT", so)
    }

    /// All files in the folder, the cache left out.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        list(self.0.path(), &mut files);
        files.retain(|f| !f.starts_with(self.path("cache")));
        files.sort();
        files
    }

    /// Checks that a command is refused: exit code 2, one line that says all of this, and nothing
    /// written.
    #[track_caller]
    pub fn refuses(&self, args: &str, words: &[&str]) {
        let before = self.files();
        let output = self.run(args).code(2).get_output().clone();
        let said = String::from_utf8(output.stderr).unwrap();
        // Which way the search goes is said before what a folder holds is looked at.
        let directions = ["maximising ", "minimising "];
        let other = |line: &&str| !directions.iter().any(|start| line.starts_with(start));
        let said: Vec<&str> = said.lines().filter(other).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        let said = said[0];
        assert!(said.starts_with("error: "), "{said}");
        for word in words {
            assert!(said.contains(word), "no `{word}` in: {said}");
        }
        assert!(output.stdout.is_empty());
        assert_eq!(self.files(), before);
    }
}

fn split(args: &str) -> Vec<String> {
    let quoted = args.split('\'').enumerate();
    quoted
        .flat_map(|(i, part)| match i % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        files.push(path.clone());
        if path.is_dir() {
            list(&path, files);
        }
    }
}

/// Sends a process a signal as soon as something is so. Its exit code and what it said on standard
/// error.
pub fn signal_once(mut child: Child, signal: &str, so: impl Fn() -> bool) -> (Option<i32>, String) {
    let begun = Instant::now();
    while !so() && begun.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(100));
    let killed = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let status = child.wait().unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    (status.code(), said)
}

/// Results of a benchmark, but for its command and for what time it took.
pub fn without_times(sandbox: &Sandbox, name: &str) -> Value {
    let mut report = sandbox.json(name);
    report["provenance"]["command"].take();
    report["provenance"]["spec"].take();
    for run in report["runs"].as_array_mut().unwrap() {
        run["seconds"].take();
    }
    for line in report["summary"].as_array_mut().unwrap() {
        line["median_seconds"].take();
    }
    report
}
