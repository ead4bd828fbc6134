//! Known names like an unknown one, and counts in words.

/// Writes a count with its noun: `1 block`, `3 blocks`.
pub fn counted(count: usize, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// Returns advice on an unknown name: the nearest known name, or else all of them after `there_are`.
pub fn hint(unknown: &str, known: &[&str], there_are: &str) -> String {
    match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{there_are} {}", known.join(", ")),
    }
}

/// Returns the candidate nearest to a word, for "did you mean".
///
/// The shortest candidate that begins with the word comes first. Otherwise the edit distance decides,
/// and a distant candidate is not returned.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let longer = candidates.iter().filter(|c| c.starts_with(word));
    // A single letter begins too many names.
    if word.chars().count() > 1
        && let Some(begun) = longer.min_by_key(|c| c.len())
    {
        return Some(begun);
    }
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(word, c), c))
        .min()
        .filter(|(distance, c)| *distance <= 2 + c.len() / 4)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_begun_is_completed() {
        let metrics = ["accuracy", "loss", "params", "macs"];
        let near = |word| nearest(word, metrics);
        assert_eq!(near("acc"), Some("accuracy"));
        assert_eq!(near("mac"), Some("macs"));
        assert_eq!(near("acuracy"), Some("accuracy"));
        assert_eq!(near("par"), Some("params"));
        assert_eq!(near("throughput"), None);
        assert_eq!(
            nearest("cifar10", ["cifar100_test", "cifar10_test"]),
            Some("cifar10_test")
        );
    }
}
