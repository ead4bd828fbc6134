//! The presets say what the paper says.

use ganas_core::space::Rules;
use ganas_core::space::nasbench101;
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

/// The queries of the first `sets` sets X_0, X_1, ..
fn queries(config: &GaNasConfig, sets: usize) -> usize {
    (0..sets).map(|t| config.size(t, 0, &nasbench101())).sum()
}

#[test]
fn the_first_setup_without_masks_differs_in_nothing_else() {
    let learned = GaNasConfig::paper_learned();
    assert_eq!(learned.rules, Rules::Learned);
    // R_step has a weight.
    assert!(learned.step_reward.total > 0.0);
    let masked = GaNasConfig {
        rules: Rules::Enforced,
        ..learned
    };
    assert_eq!(masked, GaNasConfig::paper_setup1());
}

#[test]
fn the_adversarial_preset_has_both_networks_and_ranks_a_pool() {
    let adversarial = GaNasConfig::adversarial();
    let Proposals::Screened(screen) = &adversarial.proposals else {
        panic!("{adversarial:?}");
    };
    assert!(screen.generated > 0 && screen.discriminator > 0.0);
    assert!(adversarial.rank_share > 0.0 && adversarial.updates > 0);
}
