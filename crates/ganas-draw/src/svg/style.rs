//! The style sheet of SVG documents.

use crate::palette::{self, Colours};

/// The rules that do not depend on the ops. Classes begin with `ganas`, for documents
/// that hold several drawings.
const STYLE: &str = "\
.ganas text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;\
fill:#1f2328}
.ganas .ganas-title{font-size:14px;font-weight:bold}
.ganas .ganas-small{font-size:10px;fill:#59636e}
.ganas .ganas-name{font-weight:bold;fill:#59636e}
.ganas .ganas-back{fill:#ffffff}
.ganas .ganas-frame{fill:#f3f5f7}
.ganas .ganas-end{fill:#ffffff;stroke:#59636e;stroke-width:1.5}
.ganas .ganas-map{fill:#eceff2;stroke:#818b98;stroke-width:1.5}
.ganas .ganas-op{stroke-width:1.5}
.ganas .ganas-wire{fill:none;stroke:#818b98;stroke-width:1.5}
.ganas .ganas-head{fill:#818b98}
.ganas .ganas-faint{opacity:.45}
.ganas .ganas-added{stroke:#1a7f37;stroke-width:3}
.ganas .ganas-removed{stroke:#cf222e;stroke-width:2;stroke-dasharray:5 4}
.ganas .ganas-changed{stroke:#bf8700;stroke-width:3}
.ganas .ganas-head-added{fill:#1a7f37}
.ganas .ganas-head-removed{fill:#cf222e}
.ganas .ganas-gone{opacity:.6}
.ganas text.ganas-gone{text-decoration:line-through}
";

const DARK: &str = "\
.ganas text{fill:#e6edf3}
.ganas .ganas-small,.ganas .ganas-name{fill:#9198a1}
.ganas .ganas-back{fill:#0d1117}
.ganas .ganas-frame{fill:#161b22}
.ganas .ganas-end{fill:#0d1117;stroke:#9198a1}
.ganas .ganas-map{fill:#21262d;stroke:#7d8590}
.ganas .ganas-wire{stroke:#7d8590}
.ganas .ganas-head{fill:#7d8590}
.ganas .ganas-added{stroke:#3fb950}
.ganas .ganas-removed{stroke:#f85149}
.ganas .ganas-changed{stroke:#d29922}
.ganas .ganas-head-added{fill:#3fb950}
.ganas .ganas-head-removed{fill:#f85149}
";

/// The rules for a drawing of these ops. Rules of changes follow those of ops, so that their
/// strokes take precedence.
pub fn sheet(ops: impl Iterator<Item = u8> + Clone) -> String {
    let rules = |colours: fn(u8) -> Colours| -> String {
        let rule = |op: u8| {
            let Colours { fill, stroke } = colours(op);
            format!(".ganas .ganas-op{op}{{fill:{fill};stroke:{stroke}}}\n")
        };
        ops.clone().map(rule).collect()
    };
    let (light, dark) = (rules(palette::light), rules(palette::dark));
    format!("{light}{STYLE}@media (prefers-color-scheme:dark){{\n{dark}{DARK}}}\n")
}
