//! The tape: nodes with their pull-backs, and the backward pass.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Numbers, Tensor};

/// The gradients of a node's inputs by the gradient of its output.
type PullBack = Box<dyn FnOnce(&[f32]) -> Vec<Vec<f32>> + Send>;

/// One operation on the tape, or a leaf.
pub(super) struct Node {
    /// Nodes are numbered as they are made, so every node has a higher number than its inputs.
    id: u64,
    inputs: Vec<Option<Arc<Node>>>,
    /// Empty for a leaf, and after the backward pass.
    pull: Mutex<Option<PullBack>>,
}

impl Node {
    fn new(inputs: Vec<Option<Arc<Node>>>, pull: Option<PullBack>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Arc::new(Node {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            inputs,
            pull: Mutex::new(pull),
        })
    }

    /// An input of the computation whose gradient is asked for.
    pub fn leaf() -> Arc<Self> {
        Self::new(Vec::new(), None)
    }

    fn take_pull(&self) -> Option<PullBack> {
        let mut pull = self.pull.lock().unwrap_or_else(PoisonError::into_inner);
        pull.take()
    }
}

/// Frees long chains of nodes one by one: dropping them recursively would overflow the stack.
impl Drop for Node {
    fn drop(&mut self) {
        let mut rest: Vec<Arc<Node>> = self.inputs.drain(..).flatten().collect();
        while let Some(node) = rest.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                rest.extend(node.inputs.drain(..).flatten());
            }
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.id)
    }
}

/// Runs `forward` on the numbers of its inputs and puts the result on the tape.
///
/// `forward` returns the numbers of the output, its shape, and the pull-back. The pull-back takes
/// the gradient of the output and a flag for each input that needs a gradient, and returns the
/// gradients of the inputs. Gradients for other inputs are dropped. If no input is on a tape, the
/// pull-back is dropped.
///
/// # Shapes
/// - inputs: of any size, all [on the CPU](crate::on_cpu)
/// - output: the shape that `forward` returns
///
/// # Panics
/// If an input lives on another device.
pub fn node<const D: usize, const N: usize, P>(
    inputs: [Tensor<D>; N],
    forward: impl FnOnce([Numbers; N]) -> (Vec<f32>, [usize; D], P),
) -> Tensor<D>
where
    P: FnOnce(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + 'static,
{
    join(inputs, forward)
}

/// The same as [`node`] for an output of another rank.
pub(super) fn join<const D: usize, const E: usize, const N: usize, P>(
    inputs: [Tensor<D>; N],
    forward: impl FnOnce([Numbers; N]) -> (Vec<f32>, [usize; E], P),
) -> Tensor<E>
where
    P: FnOnce(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + 'static,
{
    let nodes = inputs.each_ref().map(|t| t.node.clone());
    let needed = nodes.each_ref().map(Option::is_some);
    let (values, shape, pull) = forward(inputs.map(|t| t.numbers));
    let pull = move |gradient: &[f32]| pull(gradient, needed).into();
    Tensor::from_parts(values, shape).put_on_tape(nodes.into(), pull)
}

/// The same as [`node`] for any number of inputs.
pub(super) fn gather<const D: usize, P>(
    inputs: Vec<Tensor<D>>,
    forward: impl FnOnce(Vec<Numbers>) -> (Vec<f32>, [usize; D], P),
) -> Tensor<D>
where
    P: FnOnce(&[f32]) -> Vec<Vec<f32>> + Send + 'static,
{
    let nodes = inputs.iter().map(|t| t.node.clone()).collect();
    let (values, shape, pull) = forward(inputs.into_iter().map(|t| t.numbers).collect());
    Tensor::from_parts(values, shape).put_on_tape(nodes, pull)
}

/// The gradients of the leaves of a tape.
#[derive(Debug)]
pub struct Gradients(HashMap<u64, Numbers>);

impl<const D: usize> Tensor<D> {
    fn put_on_tape(
        mut self,
        inputs: Vec<Option<Arc<Node>>>,
        pull: impl FnOnce(&[f32]) -> Vec<Vec<f32>> + Send + 'static,
    ) -> Self {
        if inputs.iter().any(Option::is_some) {
            self.node = Some(Node::new(inputs, Some(Box::new(pull))));
        }
        self
    }

    /// Returns true if the tensor is on a tape.
    pub fn is_tracked(&self) -> bool {
        self.node.is_some()
    }

    /// The tensor as a leaf of a new tape.
    pub fn require_grad(mut self) -> Self {
        self.node = Some(Node::leaf());
        self
    }

    /// The tensor without its tape.
    pub fn detach(mut self) -> Self {
        self.node = None;
        self
    }

    /// The gradients of the sum of this tensor's numbers with respect to all leaves. The nodes give
    /// up what they kept, so a tape is walked once.
    ///
    /// # Panics
    /// If a node of the tape has been walked before.
    pub fn backward(self) -> Gradients {
        let mut leaves = HashMap::new();
        let mut waiting = BTreeMap::new();
        if let Some(node) = self.node {
            let ones = vec![1.0; self.numbers.len()];
            waiting.insert(node.id, (node, ones));
        }
        while let Some((id, (node, gradient))) = waiting.pop_last() {
            if node.inputs.is_empty() {
                leaves.insert(id, Numbers::from(gradient));
                continue;
            }
            let pull = node.take_pull().expect("a tape is walked once");
            for (input, part) in node.inputs.iter().zip(pull(&gradient)) {
                let Some(input) = input else { continue };
                match waiting.get_mut(&input.id) {
                    None => {
                        waiting.insert(input.id, (input.clone(), part));
                    }
                    Some((_, sum)) => sum.iter_mut().zip(part).for_each(|(s, p)| *s += p),
                }
            }
        }
        Gradients(leaves)
    }

    /// The gradient of this leaf; `None` if the output does not depend on it.
    pub fn grad(&self, gradients: &Gradients) -> Option<Tensor<D>> {
        let numbers = gradients.0.get(&self.node.as_ref()?.id)?.clone();
        Some(Tensor {
            numbers,
            shape: self.shape,
            node: None,
        })
    }
}
