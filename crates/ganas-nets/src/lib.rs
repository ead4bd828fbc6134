//! ganas-nets
