package dev.convoy.model.backend.torch;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.model.backend.Placement;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Finds the device for a replica. GPUs are not verified on hardware. */
final class Devices {
    private static final AtomicInteger TURN = new AtomicInteger();

    private Devices() {}

    /**
     * The device of a placement; the caller frees it.
     *
     * @throws ConvoyException if a GPU is wanted and cannot be used, saying what is missing
     */
    static Device of(Placement placement) {
        boolean found = placement.device() != Placement.Device.CPU && torch.cuda_is_available();
        if (placement.device() == Placement.Device.CUDA && !found) {
            throw new ConvoyException(whyNone(hasCudaNatives()));
        }
        if (!found) {
            return new Device(DeviceType.CPU);
        }
        int count = torch.cuda_device_count();
        int index = placement.index() == Placement.ANY ? TURN.getAndIncrement() % count : placement.index();
        if (index >= count) {
            throw new ConvoyException(
                    "Cannot use CUDA device " + index + ": this process sees " + count + ", from 0 to " + (count - 1)
                            + "; check what Spark's discovery script prints against CUDA_VISIBLE_DEVICES");
        }
        Device device = new Device(DeviceType.CUDA, (byte) index);
        tryOut(device, index);
        return device;
    }

    /** Whether the class path holds the natives of the profile torch-cuda. */
    private static boolean hasCudaNatives() {
        String library = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libtorch_cuda.so";
        return Devices.class.getResource(library) != null;
    }

    static String whyNone(boolean hasCudaNatives) {
        return hasCudaNatives
                ? "Cannot use the device cuda: libtorch's CUDA natives are here, but no GPU with a driver for CUDA 13;"
                        + " check nvidia-smi on this machine, or use the device cpu"
                : "Cannot use the device cuda: libtorch's natives on this class path are for CPUs; build with mvn"
                        + " package -Ptorch-cuda, or use the device cpu";
    }

    /** Runs a kernel, since natives carry machine code for some generations of GPUs only. */
    private static void tryOut(Device device, int index) {
        try (PointerScope scope = new PointerScope()) {
            Tensor probe = torch.ones(1).to(device, ScalarType.Float);
            HostMemory.read(probe.add(probe));
        } catch (RuntimeException e) {
            throw new ConvoyException(
                    "Cannot compute on CUDA device " + index + ": "
                            + Printable.firstLine(e)
                            + "; these natives may have no code for a GPU of its age: use the device cpu",
                    e);
        }
    }
}
