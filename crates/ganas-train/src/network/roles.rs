//! Ops without a layer of their own in trained networks.

use ganas_core::space::{Kind, Roles, SearchSpace};

use super::block::Block;
use super::chain::stage_lengths;

/// The ops of a space that are absent from its networks or pass their input on: `none`,
/// `skip_connect` and their like. [`SearchSpace::unify`] makes architectures one by them.
///
/// Blocks of a chain keep their stage, since the images are halved between stages. Mobile and DARTS
/// networks have no roles.
pub fn roles(space: &dyn SearchSpace) -> Roles {
    let of = |block: Block| -> Vec<u8> {
        (space.ops().iter().zip(0..))
            .filter(|(op, _)| Block::of(op).is_ok_and(|known| known == block))
            .map(|(_, index)| index)
            .collect()
    };
    let stages = match space.kind() {
        Kind::Chain => stage_lengths(space.max_nodes() - 2),
        Kind::EdgeCell | Kind::NodeCell => Vec::new(),
        _ => return Roles::default(),
    };
    Roles {
        absent: of(Block::None),
        identity: of(Block::Skip),
        stages,
        projected: true,
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{darts, from_toml, nasbench101, nasbench201};

    use super::*;

    #[test]
    fn ops_without_layers_are_found() {
        let roles = roles(&nasbench201());
        assert_eq!(
            (&roles.absent[..], &roles.identity[..]),
            (&[0][..], &[1][..])
        );
        let chain =
            "name = 'c'\nkind = 'chain'\nlength = 8\nops = ['conv_3x3', 'identity', 'zero']";
        let roles = super::roles(&*from_toml(chain).unwrap());
        assert_eq!(
            (&roles.absent[..], &roles.identity[..]),
            (&[2][..], &[1][..])
        );
        assert_eq!(roles.stages, [3, 3, 2]);
        assert!(super::roles(&nasbench101()).is_empty());
        assert!(super::roles(&darts()).is_empty());
    }
}
