//! Messages of workers in whatever else they print, and workers that go without a word.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;
use crate::workers::{SEARCH, worker};

/// Runs a search by a worker with its own way of printing messages, and checks that it found what it
/// would have found anyway.
#[track_caller]
fn is_understood(print: &str) {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!("{SEARCH} --queries 20 --out plain"))
        .success();
    worker(
        &sandbox,
        &format!(
            "def say(**message):\n    text = json.dumps(message)\n    {print}\n    sys.stdout.flush()"
        ),
    );
    sandbox
        .run(&format!("{SEARCH} --queries 20 --retries 0 --out run"))
        .success();
    assert_eq!(sandbox.trace("plain"), sandbox.trace("run"));
    assert_eq!(sandbox.json("run/result.json")["failed"], 0);
}

#[test]
fn a_message_is_found_wherever_it_is() {
    for print in [
        r"print('epoch 1\repoch 2\r' + text)",
        "print('....' + text)",
        r"print('\ufeff' + text)",
        "print(text, end='')",
        "print(json.dumps(message, indent=2))",
        "print('INFO [rank 0] {' + text + '} sent')",
    ] {
        is_understood(print);
    }
}

#[test]
fn what_is_no_json_loses_the_worker_with_that_reason() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    \
             print({'type': 'result', 'id': id, 'metrics': metrics}, flush=True); time.sleep(600)",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 20 --retries 0 --out run"))
        .code(3)
        .stderr(contains(
            "which is Python and not JSON; print it by `json.dumps`",
        ));
}

#[test]
fn half_a_message_loses_the_worker_with_that_reason() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    \
             if n == 3: print('{\"type\":\"result\",', flush=True); time.sleep(600)",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 5 --retries 0 --out run"))
        .success()
        .stderr(contains("it sent half a message, `{\"type\":\"result\",`"));
}

#[test]
fn a_worker_whose_child_holds_its_output_is_missed() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "import subprocess\n\
         def before(n, id):\n    \
             if n == 3 and first():\n        \
                 child = subprocess.Popen(['sleep', '600'])\n        \
                 open('child', 'w').write(str(child.pid)); os._exit(7)",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 20 --out run"))
        .success()
        .stderr(contains("it ended (exit status: 7)"));
    assert!(is_gone(&sandbox.read("child")), "its child lives");
}

/// Returns true if a process has ended; it may be a zombie that nobody has waited for.
fn is_gone(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_err() || status.unwrap().contains(") Z ")
}

#[test]
fn no_worker_outlives_a_search_that_is_killed() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "import subprocess\n\
         def before(n, id):\n    \
             child = subprocess.Popen(['sleep', '600'])\n    \
             open(f'{os.getpid()}.new', 'w').write(f'{os.getpid()} {child.pid}')\n    \
             os.rename(f'{os.getpid()}.new', os.environ['GANAS_WORKER'] + '.pids')\n    \
             while True: time.sleep(600)",
    );
    let mut search = sandbox.start(
        "search --space chain.toml --command 'python3 worker.py' --queries 20 --workers 2 --out run",
    );
    let files = ["0.pids", "1.pids"];
    let begun = Instant::now();
    while !files.iter().all(|file| sandbox.path(file).exists()) {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "no worker began"
        );
        sleep(Duration::from_millis(20));
    }
    search.kill().unwrap();
    search.wait().unwrap();
    let all: Vec<String> = (files.iter())
        .flat_map(|file| {
            let pids = sandbox.read(file);
            pids.split(' ').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let begun = Instant::now();
    while !all.iter().all(|process| is_gone(process)) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "one of {all:?} lives"
        );
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_pause_of_the_search_is_no_time_of_its_workers() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    \
             if n == 3:\n        \
                 open('busy', 'w').close()\n        \
                 while not os.path.exists('paused'): time.sleep(0.01)",
    );
    let search = sandbox.start(&format!(
        "{SEARCH} --queries 6 --retries 0 --timeout 4 --out run"
    ));
    let signal = |name: &str| {
        let id = search.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.unwrap().success());
    };
    while !sandbox.path("busy").exists() {
        sleep(Duration::from_millis(10));
    }
    signal("-STOP");
    sandbox.write("paused", "");
    // Longer than the time that an evaluation may take.
    sleep(Duration::from_secs(6));
    signal("-CONT");
    let ended = search.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(sandbox.json("run/result.json")["failed"], 0);
}

#[test]
fn what_needs_a_shell_is_refused_with_how_to_get_one() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    let search = "search --space chain.toml --queries 5 --out run --command";
    sandbox.refuses(
        &format!("{search} 'LEVEL=1 python3 worker.py'"),
        &[
            "`LEVEL=1` sets a variable",
            "`env LEVEL=1 python3 worker.py`",
        ],
    );
    sandbox.refuses(
        &format!("{search} 'cd x && python3 worker.py'"),
        &["`cd` is a word of the shell", "`sh -c"],
    );
    sandbox
        .run(&format!("{search} 'env LEVEL=1 python3 worker.py'"))
        .success();
}

#[cfg(unix)]
#[test]
fn what_holds_the_command_is_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!(
            "{SEARCH} --queries 3 --out run --json result.json"
        ))
        .success();
    for file in ["run/settings.json", "run/result.json"] {
        let mode = std::fs::metadata(sandbox.path(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn examples_take_their_card_and_send_numbers_of_any_library() {
    let sandbox = Sandbox::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/worker.py");
    let text = std::fs::read_to_string(example).unwrap();
    // A number of a library, which only `float` understands.
    let number = "class Number:\n    def __float__(self): return 3.5\n\n\ndef evaluate(";
    let text = text.replace("def evaluate(", number).replace(
        "return {",
        "return {\"card\": os.environ[\"CUDA_VISIBLE_DEVICES\"], \"number\": Number(), ",
    );
    sandbox.write("worker.py", text);
    let search = "search --space nasbench201 --command 'python3 worker.py' --strategy random \
                  --queries 12 --async --workers 3";
    for (i, (allowed, cards)) in [
        (None, &["0", "1", "2"][..]),
        (Some("4,7"), &["4", "7"]),
        (Some("GPU-a, GPU-b,GPU-c"), &["GPU-a", "GPU-b", "GPU-c"]),
        (Some(""), &[""]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut command = sandbox.command(&format!("{search} --out run{i}"));
        match allowed {
            Some(allowed) => command.env("CUDA_VISIBLE_DEVICES", allowed),
            None => command.env_remove("CUDA_VISIBLE_DEVICES"),
        };
        command.assert().success();
        let csv = sandbox.read(&format!("run{i}/evaluations.csv"));
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let header = rows.headers().unwrap().clone();
        let place = |name: &str| header.iter().position(|h| h == name).unwrap();
        for row in rows.records().map(Result::unwrap) {
            assert!(cards.contains(&&row[place("card")]), "{allowed:?}: {row:?}");
            assert_eq!(&row[place("number")], "3.5");
        }
    }
}

#[test]
fn where_no_thread_can_be_started_that_is_said() {
    let sandbox = Sandbox::new();
    let search = "search --space chain.toml --table chain.csv --objective accuracy --queries 5";
    // Stacks that no machine has the memory for.
    sandbox
        .command(search)
        .env("RUST_MIN_STACK", (1u64 << 50).to_string())
        .assert()
        .code(1)
        .stderr(
            contains("cannot start threads")
                .and(contains("ulimit -u"))
                .and(contains("panicked").not()),
        );
}

#[test]
fn what_a_terminal_would_obey_never_reaches_it() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    \
             print('\\x1b[2Jnoise', flush=True)\n    \
             say(type='error', id=id, reason='\\x1b]0;title\\x07no \\x9b31mcard'); return 1",
    );
    let output = sandbox
        .run(&format!("{SEARCH} --queries 5 -vv --out run"))
        .code(3)
        .get_output()
        .clone();
    for said in [output.stdout, output.stderr] {
        let said = String::from_utf8(said).unwrap();
        assert!(
            !said.contains(|c: char| c.is_control() && c != '\n'),
            "{said:?}"
        );
    }
}
