//! Where the network runs: the processor, or an accelerator that was compiled in and is there; and in which numbers.
//!
//! The choice is made here, with the messages on what is missing.

use burn::tensor::{Device, Tensor};
use silknow_config::{DeviceChoice, Precision};
use silknow_engine::Instructions;
use silknow_errors::{Error, Result};

/// A device, and the numbers that the frozen part of the network computes with on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    device: Device,
    /// `Bf16` only with the processor.
    precision: Precision,
}

impl Placement {
    /// The device for a choice: `auto` is the first of CUDA, wgpu and the processor that is there, and the processor
    /// where the precision is bf16, which only it has.
    ///
    /// # Errors
    /// A device that was not compiled in or is not there; a precision that it does not have; with what to do about it.
    pub fn choose(choice: DeviceChoice, precision: Precision) -> Result<Self> {
        match (choice, precision) {
            (_, Precision::F32) => Ok(Self { device: select(choice)?, precision }),
            (DeviceChoice::Auto | DeviceChoice::Cpu, Precision::Bf16) => {
                check_processor_has_bf16()?;
                Ok(Self { device: Device::flex(), precision })
            }
            (DeviceChoice::Cuda | DeviceChoice::Wgpu, Precision::Bf16) => {
                Err(Error::configuration(format!("the device {choice} does not compute in the precision bf16"))
                    .hint("choose the precision f32, or the device cpu"))
            }
        }
    }

    /// The processor, in single precision, which every machine has.
    pub fn processor() -> Self {
        Self { device: Device::flex(), precision: Precision::F32 }
    }

    /// The numbers that the frozen part computes with.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The device as Burn knows it, for those who train with Burn. It is not part of the stable interface.
    #[doc(hidden)]
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// # Errors
/// When the engine has no bf16 kernels for this processor.
fn check_processor_has_bf16() -> Result<()> {
    if Instructions::best().supports(silknow_engine::Precision::Bf16) {
        return Ok(());
    }
    Err(Error::configuration("this processor has no instructions for bf16 (AVX-512 with BF16)")
        .hint("leave the precision at f32"))
}

/// What a report on devices says about one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceDescription {
    /// The word that chooses it: `cpu`, `cuda` or `wgpu`.
    pub choice: DeviceChoice,
    /// True when [`Placement::choose`] would deliver it.
    pub available: bool,
    /// What it is, or what is missing and how to get it.
    pub detail: String,
}

fn select(choice: DeviceChoice) -> Result<Device> {
    match choice {
        DeviceChoice::Auto => Ok(cuda::find().or_else(|_| wgpu::find()).unwrap_or_else(|_| Device::flex())),
        DeviceChoice::Cpu => Ok(Device::flex()),
        DeviceChoice::Cuda => cuda::find(),
        DeviceChoice::Wgpu => wgpu::find(),
    }
}

/// All devices that can be chosen, and whether they are available.
pub fn describe_devices() -> Vec<DeviceDescription> {
    [DeviceChoice::Cpu, DeviceChoice::Cuda, DeviceChoice::Wgpu]
        .into_iter()
        .map(|choice| match select(choice) {
            Ok(device) => DeviceDescription { choice, available: true, detail: describe(choice, &device) },
            Err(error) => DeviceDescription {
                choice,
                available: false,
                detail: match error.hint_text() {
                    Some(hint) => format!("{}; {hint}", error.message()),
                    None => error.message().to_owned(),
                },
            },
        })
        .collect()
}

fn describe(choice: DeviceChoice, device: &Device) -> String {
    match choice {
        DeviceChoice::Cpu => {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let bf16 = if check_processor_has_bf16().is_ok() { "f32 and bf16" } else { "f32" };
            format!("{threads} threads, kernels for {}, precision {bf16}", Instructions::best())
        }
        _ => accelerator_name(device),
    }
}

#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn accelerator_name(device: &Device) -> String {
    device.identity().map_or_else(|| format!("{device:?}"), |identity| identity.name)
}

#[cfg(not(any(feature = "cuda", feature = "wgpu")))]
fn accelerator_name(device: &Device) -> String {
    format!("{device:?}")
}

/// The values of a tensor, row by row, once the device has computed them.
///
/// # Errors
/// A device that fails, for example because its memory is full; another type than `f32`.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let data = tensor.try_into_data().map_err(|cause| {
        Error::io(format!("the device failed while it computed: {cause}"))
            .hint("see whether its memory is full: lower train_batch_size, or choose the device cpu")
    })?;
    data.try_into_vec().map_err(|cause| Error::internal(format!("the values are not of type f32: {cause:?}")))
}

/// Runs `probe` without a word from panics: Burn panics, on threads of its own too, where a driver is there but broken.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn quietly<T>(probe: impl FnOnce() -> T) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    // What the probe touched is used again only where it did not panic.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(probe)).ok();
    std::panic::set_hook(hook);
    outcome
}

/// True when a small computation on the device works; drivers that are there but do not fit fail only then.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn computes(device: &Device) -> bool {
    quietly(|| {
        let ones = Tensor::<2>::ones([4, 4], device);
        numbers(ones.clone().matmul(ones)).ok()
    })
    .flatten()
    .is_some_and(|values| values == [4.0; 16])
}

#[cfg(feature = "cuda")]
mod cuda {
    use burn::tensor::DeviceType;

    use super::*;

    pub(super) fn find() -> Result<Device> {
        let present = quietly(|| Device::enumerate(DeviceType::Cuda).into_vec()).unwrap_or_default();
        let Some(device) = present.into_iter().next() else {
            return Err(Error::configuration("no CUDA device was found")
                .hint("install the NVIDIA driver, or choose the device cpu or auto"));
        };
        if !computes(&device) {
            return Err(Error::configuration("the CUDA device does not compute").hint(
                "bring the NVIDIA driver up to date, see whether the card is free, or choose the device cpu or auto",
            ));
        }
        Ok(device)
    }
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    use super::*;

    pub(super) fn find() -> Result<Device> {
        Err(Error::configuration("this program was built without CUDA")
            .hint("build it with `--features cuda`, or choose the device cpu or auto"))
    }
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use burn::tensor::{DeviceKind, DeviceType};

    use super::*;

    pub(super) fn find() -> Result<Device> {
        let present = quietly(|| Device::enumerate(DeviceType::Wgpu).into_vec()).unwrap_or_default();
        // An adapter that only imitates a graphics card on the processor is slower than the processor itself.
        let imitation = Device::wgpu(DeviceKind::Cpu);
        let Some(device) = present.into_iter().find(|device| *device != imitation) else {
            return Err(Error::configuration("no graphics card was found through Vulkan, Metal or DirectX")
                .hint("install the card's driver, or choose the device cpu or auto"));
        };
        if !computes(&device) {
            return Err(Error::configuration("the graphics card does not compute")
                .hint("bring its driver up to date, or choose the device cpu or auto"));
        }
        Ok(device)
    }
}

#[cfg(not(feature = "wgpu"))]
mod wgpu {
    use super::*;

    pub(super) fn find() -> Result<Device> {
        Err(Error::configuration("this program was built without wgpu")
            .hint("build it with `--features wgpu`, or choose the device cpu or auto"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there() {
        assert_eq!(select(DeviceChoice::Cpu).unwrap(), Device::flex());
        let cpu = &describe_devices()[0];
        assert!(cpu.available && cpu.detail.contains("threads"), "{cpu:?}");
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_device_that_was_not_compiled_in_names_the_feature() {
        let message = select(DeviceChoice::Cuda).unwrap_err().to_string();
        assert!(message.contains("--features cuda"), "{message}");
    }
}
