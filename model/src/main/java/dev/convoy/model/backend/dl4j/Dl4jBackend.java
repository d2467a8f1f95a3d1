package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.layer.LayerSpec;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/** Deeplearning4j on ND4J: its CPU natives, or with the Maven profile {@code nd4j-cuda} its CUDA natives. */
public final class Dl4jBackend implements ComputeBackend {
    @Override
    public String name() {
        return "dl4j";
    }

    @Override
    public void checkSupport(Network network, Placement placement) {
        if (placement.precision() != Placement.Precision.FP32) {
            throw new ConvoyException(
                    "Cannot use the precision bf16 with Deeplearning4j, which computes in single precision;"
                            + " use fp32, or the backend torch");
        }
        for (Network.Layer layer : network.allLayers()) {
            if (layer.spec() instanceof LayerSpec.Conv2d conv && conv.groups() > 1) {
                throw new ConvoyException("Cannot build " + layer.name() + " with groups = " + conv.groups()
                        + ": Deeplearning4j has no grouped convolution; use the backend torch");
            }
        }
    }

    @Override
    public Replica newReplica(Network network, Normalization normalization, Placement placement) {
        return newReplica(network, normalization, placement, DataType.FLOAT);
    }

    /** Makes a replica of a precision of its own; double precision is for checking gradients. */
    Replica newReplica(Network network, Normalization normalization, Placement placement, DataType precision) {
        checkSupport(network, placement);
        normalization.checkChannels(network.input().channels());
        NativeLibraries.load();
        NativeLibraries.useOneThread();
        useDevice(placement);
        return new Dl4jReplica(network, normalization, precision);
    }

    /** ND4J computes where its natives are for. GPUs are not verified on hardware. */
    private static void useDevice(Placement placement) {
        boolean cuda = NativeLibraries.isCuda();
        checkDevice(placement.device(), cuda);
        if (cuda) {
            int index = Math.max(0, placement.index());
            NativeOps device = NativeOpsHolder.getInstance().getDeviceNativeOps();
            checkComputeCapability(device.getDeviceMajor(index), device.getDeviceMinor(index));
            Nd4j.getAffinityManager().unsafeSetDevice(index);
        }
    }

    static void checkDevice(Placement.Device wanted, boolean cuda) {
        if (wanted == Placement.Device.CUDA && !cuda) {
            throw new ConvoyException("Cannot use the device cuda: ND4J's natives on this class path are for CPUs;"
                    + " build with mvn package -Pnd4j-cuda, or use the backend torch or the device cpu");
        }
        if (wanted == Placement.Device.CPU && cuda) {
            throw new ConvoyException("Cannot use the device cpu: ND4J's CUDA natives are on this class path, and it"
                    + " takes no others then; use the device cuda, or build without -Pnd4j-cuda");
        }
    }

    /**
     * Refuses GPUs that ND4J's natives have no code for: machine code runs on later GPUs of the same major version, and there is
     * no portable code beside it.
     */
    static void checkComputeCapability(int major, int minor) {
        if (major > 8 || major < 3 || major == 3 && minor < 7) {
            throw new ConvoyException("Cannot use Deeplearning4j on this GPU of compute capability " + major + "."
                    + minor + ": ND4J's CUDA natives hold code for 3.7 to 8.x alone; use the backend torch");
        }
    }
}
