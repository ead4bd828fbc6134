//! Colours of ops: pale boxes with dark text, or dark boxes with pale text.

/// Hues in degrees, neighbours far apart.
const HUES: [f64; 12] = [
    215.0, 35.0, 150.0, 275.0, 185.0, 325.0, 60.0, 240.0, 100.0, 10.0, 300.0, 85.0,
];

/// The colours of an op on a light or a dark background, as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colours {
    pub fill: String,
    pub stroke: String,
}

/// The colours of the op of this index, on a light background.
pub fn light(op: u8) -> Colours {
    let (hue, tier) = hue(op);
    Colours {
        fill: hsl(hue, 0.80, 0.91 - 0.07 * tier),
        stroke: hsl(hue, 0.50, 0.48 - 0.07 * tier),
    }
}

/// The colours of the op of this index, on a dark background.
pub fn dark(op: u8) -> Colours {
    let (hue, tier) = hue(op);
    Colours {
        fill: hsl(hue, 0.40, 0.21 + 0.06 * tier),
        stroke: hsl(hue, 0.50, 0.58 + 0.06 * tier),
    }
}

/// Beyond a dozen ops the same hues return, deeper and a little turned.
fn hue(op: u8) -> (f64, f64) {
    let (round, index) = (usize::from(op) / HUES.len(), usize::from(op) % HUES.len());
    (HUES[index] + 11.0 * round as f64, (round % 3) as f64)
}

fn hsl(hue: f64, saturation: f64, lightness: f64) -> String {
    let chroma = saturation * lightness.min(1.0 - lightness);
    let channel = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let value = lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    };
    format!(
        "#{:02x}{:02x}{:02x}",
        channel(0.0),
        channel(8.0),
        channel(4.0)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_css() {
        assert_eq!(hsl(0.0, 1.0, 0.5), "#ff0000");
        assert_eq!(hsl(210.0, 0.5, 0.4), "#336699");
        assert_eq!(hsl(120.0, 0.25, 0.25), "#305030");
    }

    #[test]
    fn the_ops_of_the_largest_space_differ() {
        let mut all: Vec<(String, String)> = (0..126)
            .flat_map(|op| [light(op), dark(op)])
            .map(|c| (c.fill, c.stroke))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * 126);
    }
}
