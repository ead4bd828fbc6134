//! `ganas table get`: public benchmarks explained, fetched and checked.
#![cfg(unix)]

use crate::sandbox::Sandbox;

#[test]
fn benchmarks_are_listed_and_explained() {
    let sandbox = Sandbox::new();
    let said = |args: &str| {
        let run = sandbox.run(args).success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap()
    };
    let list = said("table get");
    assert!(list.contains("nasbench101 ") && list.contains("423,624 cells"));
    let one = said("table get nasbench101 --explain");
    for fact in [
        "10.48550/arXiv.1902.09635",
        "Apache-2.0",
        "499 MB",
        "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        "ganas search --space nasbench101",
    ] {
        assert!(one.contains(fact), "{fact}: {one}");
    }
    let builtin = said("table get nasbench201");
    assert!(builtin.contains("Copyright (c) since 2019 Xuanyi Dong"));
    // It cannot be downloaded without a browser: the steps are all there is.
    assert!(said("table get nats-sss").contains("examples/nats_table.py"));
}

#[test]
fn faults_are_refused_in_one_line() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "table get nasbench1o1",
        &[
            "no benchmark is called `nasbench1o1`",
            "did you mean `nasbench101`?",
        ],
    );
    let fails = |args: &str, code: i32, words: &[&str]| {
        let run = sandbox.run(args).code(code);
        let said = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        for word in words {
            assert!(said.contains(word), "no `{word}` in {said}");
        }
    };
    fails(
        "table get nasbench101 --dir missing --quiet",
        2,
        &["missing: there is no such folder"],
    );
    // Nobody listens there.
    let refused = "table get nasbench101 --quiet --url http://127.0.0.1:1/nasbench";
    fails(
        refused,
        1,
        &[
            "http://127.0.0.1:1/nasbench: ",
            "Failed to connect",
            "check the network",
        ],
    );
    let other = format!(
        "table get nasbench101 --quiet --url file://{}",
        sandbox.path("chain.csv").display()
    );
    fails(
        &other,
        2,
        &[
            "nasbench_only108.tfrecord",
            "its SHA-256 is",
            "the download was deleted",
        ],
    );
    assert!(!sandbox.path("nasbench_only108.tfrecord").exists());
    sandbox.write("nasbench_only108.tfrecord", "not it");
    fails(
        "table get nasbench101 --quiet",
        2,
        &["is published", "delete the file"],
    );
    fails(
        "table get nats-sss --url file:///x",
        2,
        &["not a single file that could be fetched"],
    );
}

#[test]
fn without_curl_and_wget_the_address_is_named() {
    let sandbox = Sandbox::new();
    let run = (sandbox
        .command("table get nasbench101 --quiet")
        .env("PATH", sandbox.path("none")))
    .assert()
    .code(1);
    let said = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(
        said.contains("neither `curl` nor `wget` is on the path"),
        "{said}"
    );
    assert!(
        said.contains("https://storage.googleapis.com/nasbench/"),
        "{said}"
    );
}

#[test]
fn a_file_without_a_published_digest_is_fetched_and_its_digest_printed() {
    let sandbox = Sandbox::new();
    let fetch = format!(
        "table get ofa-mobilenetv3 --quiet --url file://{}",
        sandbox.path("chain.csv").display()
    );
    let run = sandbox.run(&fetch).success();
    let said = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(said.contains("(no digest is published)"), "{said}");
    assert_eq!(sandbox.read("ofa.csv"), sandbox.read("chain.csv"));
}
