//! ganas-search
