use std::fs;

use super::*;
use crate::space::nasbench201;
use crate::space::{EdgeCell, Sampler};

struct Kept {
    folder: tempfile::TempDir,
    space: EdgeCell,
    metrics: Vec<String>,
}

impl Kept {
    fn new() -> Kept {
        Kept {
            folder: tempfile::tempdir().unwrap(),
            space: nasbench201(),
            metrics: vec!["accuracy".into(), "loss".into()],
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    fn open(&self) -> Result<Opened<'_>> {
        Journal::open(&self.path(), &self.space, &self.metrics)
    }

    /// Four evaluations of each kind, written.
    fn filled(&self) -> Vec<Finished> {
        let mut rng = crate::rng::Rng::stream(0, "journal");
        let outcomes = [
            Outcome::Done(vec![0.1 + 0.2, f64::NEG_INFINITY]),
            Outcome::Failed("it said \"no\"\n".into()),
            Outcome::Done(vec![-0.0, f64::MIN_POSITIVE]),
            Outcome::Done(vec![93.0, f64::INFINITY]),
        ];
        let mut journal = self.open().unwrap().journal;
        let finished: Vec<Finished> = outcomes
            .map(|o| (self.space.sample(Sampler::Uniform, &mut rng), o))
            .into();
        for (arch, outcome) in &finished {
            journal.append(arch, outcome).unwrap();
        }
        finished
    }

    fn refusal(&self) -> String {
        match self.open() {
            Err(e) => e.to_string(),
            Ok(_) => panic!("it was opened"),
        }
    }
}

#[test]
fn what_was_written_comes_back() {
    let kept = Kept::new();
    let finished = kept.filled();
    let opened = kept.open().unwrap();
    assert_eq!((opened.finished, opened.torn), (finished, 0));
    drop(opened.journal);
    let mut journal = kept.open().unwrap().journal;
    let mut rng = crate::rng::Rng::stream(1, "journal");
    let arch = kept.space.sample(Sampler::Uniform, &mut rng);
    journal
        .append(&arch, &Outcome::Done(vec![f64::NAN, 1.0]))
        .unwrap();
    drop(journal);
    let last = kept.open().unwrap().finished.pop().unwrap();
    assert_eq!(last.0, arch);
    assert!(matches!(last.1, Outcome::Done(m) if m[0].is_nan() && m[1] == 1.0));
}

#[test]
fn every_line_is_json() {
    let kept = Kept::new();
    kept.filled();
    for line in fs::read_to_string(kept.path()).unwrap().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["crc32c"].as_str().unwrap().len(), 8);
    }
}

#[test]
fn wherever_it_was_torn_the_whole_lines_are_kept() {
    let kept = Kept::new();
    let finished = kept.filled();
    let whole = fs::read(kept.path()).unwrap();
    for length in 0..whole.len() {
        fs::write(kept.path(), &whole[..length]).unwrap();
        let lines = whole[..length].iter().filter(|b| **b == b'\n').count();
        let opened = kept.open().unwrap();
        assert_eq!(opened.finished, finished[..lines.saturating_sub(1)]);
        drop(opened.journal);
        assert!(whole.starts_with(&fs::read(kept.path()).unwrap()));
        assert_eq!(kept.open().unwrap().torn, 0);
    }
}

#[test]
fn a_damaged_line_is_named_unless_it_is_the_last() {
    let kept = Kept::new();
    let finished = kept.filled();
    let whole = fs::read(kept.path()).unwrap();
    let last = whole.len()
        - whole[..whole.len() - 1]
            .iter()
            .rev()
            .position(|b| *b == b'\n')
            .unwrap()
        - 1;
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 4;
        fs::write(kept.path(), &damaged).unwrap();
        if place + 1 >= last {
            // Without the newline before it, the last line is the last two.
            let whole = if place < last { 2 } else { 3 };
            assert_eq!(kept.open().unwrap().finished, finished[..whole]);
            continue;
        }
        let mut line = 1 + whole[..place].iter().filter(|b| **b == b'\n').count();
        let said = kept.refusal();
        if said.contains("version") && line == 1 {
            continue;
        }
        // A newline that is no more makes one line of two, and the first is in the wrong.
        line = line.min(said.split(':').nth(1).unwrap().parse().unwrap());
        assert!(
            said.contains(&format!("journal.jsonl:{line}: this line is damaged")),
            "{said}"
        );
    }
}

#[test]
fn lines_that_are_missing_or_moved_are_found() {
    let kept = Kept::new();
    kept.filled();
    let text = fs::read_to_string(kept.path()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(
        kept.path(),
        [lines[0], lines[1], lines[3], lines[4]].concat(),
    )
    .unwrap();
    assert!(kept.refusal().contains(":3: this line is damaged"));
    fs::write(
        kept.path(),
        [lines[0], lines[2], lines[1], lines[3]].concat(),
    )
    .unwrap();
    assert!(kept.refusal().contains(":2: this line is damaged"));
}

#[test]
fn a_newer_version_says_so() {
    let kept = Kept::new();
    fs::write(
        kept.path(),
        "{\"ganas-journal\":2,\"sealed\":\"elsewhere\"}\n[]\n",
    )
    .unwrap();
    let said = kept.refusal();
    assert!(
        said.contains("version 2") && said.contains("newer program"),
        "{said}"
    );
}

#[test]
fn of_another_space_or_other_metrics() {
    let kept = Kept::new();
    kept.filled();
    let other = crate::space::nasbench101();
    let said = Journal::open(&kept.path(), &other, &kept.metrics).map(drop);
    assert!(
        said.unwrap_err()
            .to_string()
            .contains("in `nasbench201`, not in `nasbench101`")
    );
    let said = Journal::open(&kept.path(), &kept.space, &kept.metrics[..1]).map(drop);
    assert!(said.unwrap_err().to_string().contains("accuracy, loss"));
}

#[test]
fn only_one_at_a_time() {
    let kept = Kept::new();
    let first = kept.open().unwrap();
    assert!(kept.refusal().contains("another process"));
    drop(first);
    kept.open().unwrap();
}

#[test]
fn what_can_be_had_again_waits_for_the_disk_once_a_second() {
    let kept = Kept::new();
    let arch = kept
        .space
        .sample(Sampler::Uniform, &mut crate::rng::Rng::stream(0, "pace"));
    let write = |journal: &mut Journal| {
        journal
            .append(&arch, &Outcome::Done(vec![1.0, 2.0]))
            .unwrap();
    };
    let mut journal = kept.open().unwrap().journal;
    write(&mut journal);
    journal.rest().unwrap();
    assert!(!journal.unsettled);
    let mut journal = journal.leisurely();
    thread::sleep(2 * PACE);
    write(&mut journal);
    journal.rest().unwrap();
    assert!(journal.unsettled);
    journal.settle().unwrap();
    assert!(!journal.unsettled);
    journal.settled -= LEISURE;
    write(&mut journal);
    assert!(!journal.unsettled);
}
