//! The graphics cards that a build can use, and how one is opened.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
use ganas_core::error::{Error, Result};

use super::Opened;

/// Open cards by number. A runtime is set up once a process.
static OPENED: Mutex<BTreeMap<usize, Opened>> = Mutex::new(BTreeMap::new());

/// A card that is there and may not have been opened.
struct Card {
    name: String,
    open: Box<dyn FnOnce() -> std::result::Result<Device, String>>,
}

/// Opens the card of a number.
///
/// # Errors
/// If there is none of this number, or its driver fails.
pub fn open(number: usize) -> Result<Opened> {
    // What panicked while it was opened is not in it.
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = opened.get(&number) {
        return Ok(known.clone());
    }
    let mut cards = cards();
    if cards.is_empty() {
        return Err(Error::input("no graphics card was found").mend(NONE));
    }
    let all: Vec<String> = (cards.iter().enumerate())
        .map(|(number, card)| format!("gpu:{number} is {}", card.name))
        .collect();
    if number >= cards.len() {
        let what = format!("there is no graphics card gpu:{number}");
        return Err(Error::input(what).mend(all.join(", ")));
    }
    let Card { name, open } = cards.swap_remove(number);
    let device = open().map_err(|why| {
        let mend = match all.len() {
            1 => "mend its driver, or compute on the CPU".to_owned(),
            _ => format!("use another one: {}", all.join(", ")),
        };
        Error::input(format!("{name} cannot be opened: {why}")).mend(mend)
    })?;
    let card = Opened {
        device: ganas_tensor::Device::Card(device),
        name,
    };
    opened.insert(number, card.clone());
    Ok(card)
}

/// Advice if there is no card.
const NONE: &str = if cfg!(feature = "vulkan") {
    // Found on lavapipe: cubecl 0.11.3 writes invalid shaders for drivers that lack
    // VK_KHR_workgroup_memory_explicit_layout, and they end the process with a segmentation fault.
    "install its driver, or compute on the CPU; software drivers work in a build with the feature \
     `wgpu` in the place of `vulkan`"
} else {
    "install its driver (on Linux one for Vulkan; `mesa-vulkan-drivers` of Debian has one without a \
     card, too), or compute on the CPU"
};

/// The cards, the best first: Nvidia's own way before others.
fn cards() -> Vec<Card> {
    let mut cards = Vec::new();
    #[cfg(feature = "cuda")]
    cards.extend(cuda::cards());
    #[cfg(feature = "wgpu")]
    cards.extend(wgpu::cards());
    cards
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::panic::{self, AssertUnwindSafe};

    use burn::tensor::{Device, DeviceType};

    use super::Card;

    /// Nvidia's cards, in the order of their driver.
    pub fn cards() -> Vec<Card> {
        let devices = Device::enumerate(DeviceType::Cuda).into_iter().enumerate();
        devices
            .map(|(number, device)| Card {
                name: format!("CUDA device {number}"),
                open: Box::new(move || {
                    // Burn opens it when it is asked who it is, and has no other error than a panic.
                    let asked = panic::catch_unwind(AssertUnwindSafe(|| device.identity()));
                    match asked {
                        Ok(_) => Ok(device),
                        Err(_) => Err("its driver fails".into()),
                    }
                }),
            })
            .collect()
    }
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use burn::tensor::wgpu::WgpuBackend;
    use burn::tensor::wgpu::wgpu::{Adapter, AdapterInfo, Backend, DeviceType};
    use burn::tensor::wgpu::wgpu::{Instance, InstanceDescriptor};
    use burn::tensor::{Device, DeviceKind};

    use super::Card;

    /// The ways to a card, the best first.
    const WAYS: [(Backend, WgpuBackend); 4] = [
        (Backend::Vulkan, WgpuBackend::Vulkan),
        (Backend::Metal, WgpuBackend::Metal),
        (Backend::Dx12, WgpuBackend::Dx12),
        (Backend::Gl, WgpuBackend::Gl),
    ];

    /// The cards of the first graphics API that finds one, or else its software driver. A card that
    /// several APIs find is listed once.
    pub fn cards() -> Vec<Card> {
        let mut software = Vec::new();
        for (way, api) in WAYS {
            let found = kinds(adapters(way));
            let is_software = found.iter().all(|(kind, _)| *kind == DeviceKind::Cpu);
            let found = found.into_iter().map(|(kind, name)| Card {
                name,
                open: Box::new(move || {
                    let options = Device::wgpu_options().graphics_api(api);
                    let opened = options.device_kind(kind).init();
                    opened.map_err(|e| e.to_string())
                }),
            });
            if !is_software {
                return found.collect();
            }
            if software.is_empty() {
                software = found.collect();
            }
        }
        software
    }

    fn adapters(way: Backend) -> Vec<AdapterInfo> {
        let instance = Instance::new(InstanceDescriptor {
            backends: way.into(),
            ..InstanceDescriptor::new_without_display_handle()
        });
        // Only in a browser it would have to be waited for.
        let found = pin!(instance.enumerate_adapters(way.into()));
        match found.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(found) => found.iter().map(Adapter::get_info).collect(),
            Poll::Pending => Vec::new(),
        }
    }

    /// The adapters that burn can open and their names, the best first. Burn counts the adapters of
    /// each kind separately. It does not count software drivers, so the first one stands for all.
    fn kinds(adapters: Vec<AdapterInfo>) -> Vec<(DeviceKind, String)> {
        let of = |wanted: DeviceType| adapters.iter().filter(move |a| a.device_type == wanted);
        let cards = [
            (
                DeviceType::DiscreteGpu,
                DeviceKind::DiscreteGpu as fn(usize) -> DeviceKind,
            ),
            (DeviceType::IntegratedGpu, DeviceKind::IntegratedGpu),
            (DeviceType::VirtualGpu, DeviceKind::VirtualGpu),
        ];
        let mut found: Vec<(DeviceKind, String)> = (cards.into_iter())
            .flat_map(|(wanted, kind)| {
                of(wanted)
                    .enumerate()
                    .map(move |(n, info)| (kind(n), name(info)))
            })
            .collect();
        // What such a driver does to shaders of `vulkan` is written above.
        if !cfg!(feature = "vulkan") {
            let software = of(DeviceType::Cpu).take(1);
            found.extend(software.map(|info| (DeviceKind::Cpu, name(info))));
        }
        found
    }

    fn name(info: &AdapterInfo) -> String {
        let driver = [&*info.driver, &*info.driver_info].join(" ");
        format!("{} ({:?}, {})", info.name, info.backend, driver.trim())
    }
}
