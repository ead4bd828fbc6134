//! Times as they are typed: `90`, `90s`, `45m`, `12h`, `2d`, `1h30m`.

/// Units, the longest first, and their seconds.
const UNITS: [(char, f64); 4] = [('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];

/// The seconds that a text stands for. A number alone is seconds.
///
/// # Errors
/// If it is not a time, or is zero.
pub fn parse(text: &str) -> Result<f64, String> {
    let wrong =
        || format!("`{text}` is not a time; give it as `90s`, `45m`, `12h`, `2d` or `1h30m`");
    let number = |digits: &str| {
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        digits.parse::<f64>().ok().filter(|_| plain)
    };
    let mut rest = text.trim();
    let mut seconds = 0.0;
    let mut longest = f64::INFINITY;
    while !rest.is_empty() {
        let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic()) else {
            // Without a unit it has to be all there is.
            if seconds > 0.0 {
                return Err(wrong());
            }
            seconds = number(rest).ok_or_else(wrong)?;
            break;
        };
        let unit = rest[end..].chars().next();
        let (_, size) = (UNITS.iter().copied())
            .find(|(name, _)| Some(*name) == unit)
            .ok_or_else(wrong)?;
        if size >= longest {
            return Err(wrong());
        }
        longest = size;
        seconds += size * number(rest[..end].trim()).ok_or_else(wrong)?;
        rest = rest[end + 1..].trim_start();
    }
    // A thousand years, so that clocks can add it.
    if !(seconds > 0.0 && seconds < 3.2e10) {
        return Err(wrong());
    }
    Ok(seconds)
}

/// Seconds as they may be typed.
pub fn format(seconds: f64) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, size) in UNITS {
        let count = match unit {
            's' => (1e3 * rest).round() / 1e3,
            _ => (rest / size).floor(),
        };
        if count > 0.0 {
            text += &format!("{count}{unit}");
            rest -= count * size;
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [
            ("90", 90.0),
            ("1.5", 1.5),
            ("90s", 90.0),
            ("45m", 2_700.0),
            ("12h", 43_200.0),
            ("2d", 172_800.0),
            ("1h30m", 5_400.0),
            ("1h 30m", 5_400.0),
            ("0.5h", 1_800.0),
        ] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
            assert_eq!(parse(&format(seconds)), Ok(seconds), "{text}");
        }
        for text in [
            "", "0", "-1", "h", "1w", "30m1h", "1h30", "1h1h", "inf", "nan", "1e3", "1hour",
            "9999999d",
        ] {
            assert!(parse(text).unwrap_err().contains("is not a time"), "{text}");
        }
    }
}
