//! The first search.

use ganas::prelude::*;

fn main() -> ganas::Result<()> {
    // Cells of NAS-Bench-201 that are small and still have many convolutions.
    let result = Search::new("nasbench201")
        .strategy("ga-nas")
        .queries(40)
        .constraint("params <= 1e6")
        .maximize("convolutions", |space, arch| {
            let cell = space.format(arch);
            Ok(cell.matches("nor_conv").count() as f64)
        })
        .run()?;
    println!(
        "{:?} in {} queries",
        result.run.best_arch, result.run.queries
    );
    assert!(result.run.best.is_some_and(|best| best >= 3.0));
    Ok(())
}

#[test]
fn the_first_search_finds_an_architecture() {
    main().unwrap();
}
