use std::fs;
use std::thread;

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
        Journal::open(&self.path(), &self.space, &self.metrics, None)
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
            .map(|o| Finished::new(self.space.sample(Sampler::Uniform, &mut rng), o))
            .into();
        for Finished { trial, outcome, .. } in &finished {
            journal.append(trial, outcome).unwrap();
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
        .append(arch, &Outcome::Done(vec![f64::NAN, 1.0]))
        .unwrap();
    drop(journal);
    let last = kept.open().unwrap().finished.pop().unwrap();
    assert_eq!(last.trial, arch.into());
    assert!(matches!(last.outcome, Outcome::Done(m) if m[0].is_nan() && m[1] == 1.0));
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
        "{\"ganas-journal\":3,\"sealed\":\"elsewhere\"}\n[]\n",
    )
    .unwrap();
    let said = kept.refusal();
    assert!(
        said.contains("version 3") && said.contains("newer program"),
        "{said}"
    );
}

#[test]
fn of_another_space_or_other_metrics() {
    let kept = Kept::new();
    kept.filled();
    let other = crate::space::nasbench101();
    let said = Journal::open(&kept.path(), &other, &kept.metrics, None).map(drop);
    assert!(
        said.unwrap_err()
            .to_string()
            .contains("in `nasbench201`, not in `nasbench101`")
    );
    let said = Journal::open(&kept.path(), &kept.space, &kept.metrics[..1], None).map(drop);
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
            .append(arch, &Outcome::Done(vec![1.0, 2.0]))
            .unwrap();
    };
    let mut journal = kept.open().unwrap().journal;
    write(&mut journal);
    journal.sync_unless_relaxed().unwrap();
    assert!(!journal.is_dirty);
    let mut journal = journal.relaxed();
    thread::sleep(2 * PACE);
    write(&mut journal);
    journal.sync_unless_relaxed().unwrap();
    assert!(journal.is_dirty);
    journal.sync().unwrap();
    assert!(!journal.is_dirty);
    journal.synced_at -= RELAXED_PACE;
    write(&mut journal);
    assert!(!journal.is_dirty);
}

/// The fields of the last line.
fn last_line(kept: &Kept) -> serde_json::Value {
    let text = fs::read_to_string(kept.path()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn fidelities_come_back() {
    let kept = Kept::new();
    let axis = Axis::new("epochs", 1..=100).unwrap();
    let open = |axis: Option<&Axis>| Journal::open(&kept.path(), &kept.space, &kept.metrics, axis);
    let mut rng = crate::rng::Rng::stream(0, "journal");
    let arch = kept.space.sample(Sampler::Uniform, &mut rng);
    let trials = [1, 12, 100].map(|level| Trial::at(arch, axis.fidelity(level).unwrap()));
    let mut journal = open(Some(&axis)).unwrap().journal;
    for (i, trial) in trials.iter().enumerate() {
        let outcome = match i {
            1 => Outcome::Failed("no".into()),
            _ => Outcome::Done(vec![i as f64, 0.5]),
        };
        let details = Details::taking(Duration::from_secs(1 + i as u64));
        journal.append_with(trial, &outcome, details).unwrap();
        let level = axis.level(trial.fidelity);
        assert_eq!(last_line(&kept)["fidelity"]["epochs"], level);
    }
    drop(journal);
    let opened = open(Some(&axis)).unwrap();
    let finished = opened.finished.iter().map(|f| f.trial);
    assert_eq!(finished.collect::<Vec<_>>(), trials);
    assert_eq!(opened.details[&trials[2]].seconds, Some(3.0));
    drop(opened);
    let said = open(None).map(drop).unwrap_err().to_string();
    assert!(
        said.contains("has the fidelity `epochs` from 1 to 100, and what"),
        "{said}"
    );
    let other = Axis::new("epochs", 1..=81).unwrap();
    assert!(open(Some(&other)).is_err());
}

#[test]
fn metrics_are_read_and_written_by_name() {
    let kept = Kept::new();
    let mut finished = kept.filled();
    let names = ["loss".to_owned(), "accuracy".to_owned()];
    let open = || Journal::open(&kept.path(), &kept.space, &names, None).unwrap();
    let mut opened = open();
    assert_eq!(
        opened.finished[2].outcome,
        Outcome::Done(vec![f64::MIN_POSITIVE, -0.0])
    );
    let added = Finished::new(finished[1].trial, Outcome::Done(vec![3.0, 4.0]));
    opened.journal.append(added.trial, &added.outcome).unwrap();
    drop(opened);
    assert_eq!(open().finished[4], added);
    finished.push(Finished::new(added.trial, Outcome::Done(vec![4.0, 3.0])));
    assert_eq!(kept.open().unwrap().finished, finished);
    let twice = ["loss".to_owned(), "loss".to_owned()];
    assert!(Journal::open(&kept.path(), &kept.space, &twice, None).is_err());
}

#[test]
fn version_1_is_read_and_continued() {
    let kept = Kept::new();
    let mut finished = kept.filled();
    let text = fs::read_to_string(kept.path()).unwrap();
    // The checksums cover the version.
    let (mut old, mut crc) = (String::new(), 0);
    for line in text.replacen("-journal\":2", "-journal\":1", 1).lines() {
        let body = &line[..line.rfind(SEAL).unwrap()];
        crc = crc32c::crc32c_append(crc, body.as_bytes());
        old += &format!("{body}{SEAL}{crc:08x}\"}}\n");
    }
    fs::write(kept.path(), &old).unwrap();
    let mut opened = kept.open().unwrap();
    assert_eq!(opened.finished, finished);
    let added = Finished::new(finished[1].trial, Outcome::Done(vec![3.0, 4.0]));
    opened.journal.append(added.trial, &added.outcome).unwrap();
    drop(opened);
    assert!(fs::read_to_string(kept.path()).unwrap().starts_with(&old));
    finished.push(added);
    assert_eq!(kept.open().unwrap().finished, finished);
}
