//! Files are complete and small; the tests in `python` check their outputs.

use ganas_core::rng::Rng;
use ganas_core::space::{self, Kind, SearchSpace, from_toml};
use ganas_export::{ExportError, Given, Input, frame, pytorch};
use ganas_train::{Frame, Plan, Weights, cpu};

fn usual(space: &dyn SearchSpace) -> Frame {
    frame(space, &Given::default(), None).unwrap()
}

#[test]
fn every_space_has_files() {
    for name in space::NAMES {
        let space = space::load(name).unwrap();
        // Choices by name have no layers.
        if matches!(space.kind(), Kind::Config(_)) {
            continue;
        }
        let mut rng = Rng::stream(5, "pytorch");
        for _ in 0..20 {
            let arch = space.sample(space.samplers()[0], &mut rng);
            let text = pytorch(&*space, &arch, &usual(&*space), &Input::default()).unwrap();
            assert!(!text.contains('@'), "{name}: something was not filled in");
            assert!(text.contains(&space.format(&arch)));
            for part in [
                "class Network(nn.Module)",
                "def load_weights(",
                "import torch",
            ] {
                assert_eq!(text.matches(part).count(), 1, "{name}: {part}");
            }
        }
    }
}

#[test]
fn names_of_a_users_space_do_not_end_the_documentation() {
    let toml =
        "name = '''a\"\"\"\\nimport os'''\nkind = \"chain\"\nlength = 1\nops = [\"identity\"]\n";
    let space = from_toml(toml).unwrap();
    let arch = space.parse("identity").unwrap();
    let text = pytorch(&*space, &arch, &usual(&*space), &Input::default()).unwrap();
    assert!(
        text.starts_with("\"\"\"A network of the space a???"),
        "{text}"
    );
}

#[test]
fn a_block_none_of_a_chain_passes_its_input_on() {
    let toml = "name = \"own\"\nkind = \"chain\"\nlength = 2\nops = [\"none\", \"conv_3x3\"]\n";
    let space = from_toml(toml).unwrap();
    let arch = space.parse("none;conv_3x3").unwrap();
    let text = pytorch(&*space, &arch, &usual(&*space), &Input::default()).unwrap();
    assert!(
        text.contains("\"none\": lambda channels: nn.Identity(),"),
        "{text}"
    );
    assert!(!text.contains("class Zero"), "{text}");
}

#[test]
fn an_op_without_layers_is_named() {
    let toml = "name = \"own\"\nkind = \"chain\"\nlength = 1\nops = [\"attention\"]\n";
    let space = from_toml(toml).unwrap();
    let arch = space.parse("attention").unwrap();
    let error = pytorch(&*space, &arch, &usual(&*space), &Input::default()).unwrap_err();
    assert!(error.to_string().contains("the op `attention`"), "{error}");
}

#[test]
fn frames_follow_from_weights() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    let ops = "ops = [\"mb3_k3\", \"nor_conv_3x3\"]";
    let chain = format!("name = \"own\"\nkind = \"chain\"\nlength = 4\n{ops}\n");
    let mut spaces: Vec<_> = space::NAMES.map(|name| space::load(name).unwrap()).into();
    spaces.retain(|space| !matches!(space.kind(), Kind::Config(_)));
    spaces.push(from_toml(&chain).unwrap());
    for space in spaces {
        let depth = match space.kind() {
            Kind::Mobile(_) => None,
            _ => Some(4),
        };
        let built = Frame {
            image: [32, 32, 2],
            classes: 7,
            width: Some(8),
            depth,
        };
        // Of some, the one with the most weights, so that its cells have some.
        let mut rng = Rng::stream(0, "frames");
        let arch = (0..50)
            .map(|_| space.sample(space.samplers()[0], &mut rng))
            .max_by_key(|arch| Plan::build(&*space, arch, &built).map_or(0, |plan| plan.params()))
            .unwrap();
        let plan = Plan::build(&*space, &arch, &built).unwrap();
        Weights::new(&plan, 0, &cpu()).save(&file).unwrap();
        let given = Given {
            size: Some([32, 32]),
            ..Given::default()
        };
        let found = frame(&*space, &given, Some(&file)).unwrap();
        assert_eq!(found, built, "{}", space.name());
        let given = Given {
            classes: Some(9),
            ..given
        };
        assert_eq!(frame(&*space, &given, Some(&file)).unwrap().classes, 9);
    }
}

#[test]
fn files_that_hold_no_network_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    let space = space::load("nasbench201").unwrap();
    let refused = || frame(&*space, &Given::default(), Some(&file)).unwrap_err();
    assert!(matches!(refused(), ExportError::Network(_)));
    std::fs::write(&file, "nothing").unwrap();
    assert!(refused().to_string().contains("not a safetensors file"));
    std::fs::write(&file, b"\x02\0\0\0\0\0\0\0{}").unwrap();
    assert!(refused().to_string().contains("no weight `stem.conv`"));
}
