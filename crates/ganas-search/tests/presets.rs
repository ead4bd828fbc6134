//! The presets say what the paper says.

use ganas_search::ga_nas::{GaNasConfig, Proposals};

#[test]
fn setup_1_has_the_papers_sets() {
    let setup = GaNasConfig::paper_setup1();
    assert_eq!((setup.initial, setup.growth, setup.truth), (50, 50, 25));
    // X_0 and ten iterations.
    assert_eq!(queries(&setup, 11), 3300);
}

#[test]
fn setup_2_has_the_papers_sets() {
    let setup = GaNasConfig::paper_setup2();
    assert_eq!((setup.initial, setup.growth, setup.truth), (100, 100, 50));
    assert_eq!(queries(&setup, 11), 6600);
}

#[test]
fn setups_evaluate_only_what_the_generator_makes_and_rank_nothing() {
    for setup in [GaNasConfig::paper_setup1(), GaNasConfig::paper_setup2()] {
        assert_eq!(setup.proposals, Proposals::Generated);
        assert_eq!(setup.rank_share, 0.0);
    }
}

/// The queries of so many sets X_0, X_1, ...
fn queries(config: &GaNasConfig, sets: usize) -> usize {
    (0..sets).map(|t| config.size(t, 0)).sum()
}
