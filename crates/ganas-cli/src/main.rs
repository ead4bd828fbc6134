//! ganas
fn main() {}
