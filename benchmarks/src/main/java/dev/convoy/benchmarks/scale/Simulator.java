package dev.convoy.benchmarks.scale;

import dev.convoy.benchmarks.contest.Lines;
import dev.convoy.train.sync.GradientAveraging;

/**
 * Predicts how long a step takes on a cluster, from what steps, bytes and messages take on one machine.
 *
 * <p>A step of {@code W} workers waits for the slowest: with times of a normal distribution that is about {@code sqrt(2 ln W)} standard
 * deviations behind the mean, and with {@code L} local steps in between the deviations of a round are {@code sqrt(L)} as large; and where
 * workers are slow now and then, for a whole round, it waits for one of them as often as there is one. Sums go
 * around a ring of {@code H} hosts: {@code 2 (H - 1) / H} of the bytes go over each line, in {@code 2 (H - 1)} turns (Patarasuk and Yuan,
 * 2009), while processors send, receive and add; lines and processors work at the same time, but not quite, and both wait for the
 * latency of lines. What is hidden behind going backwards is not waited for.
 *
 * @param costs of the machine
 */
record Simulator(Costs costs) {
    /** Going backwards takes twice as long as going forwards. */
    private static final double BACKWARD = 2.0 / 3;

    /** Seconds of a byte at 1 Gbit/s, with the headers of TCP over Ethernet: 1,448 of 1,514 bytes are payload. */
    private static final double LINE = 8e-9 * 1514 / 1448;

    /** A host's sending, receiving and adding wait for each other, even where it has cores enough. */
    private static final double SERIAL = 1.3;

    /** Contributions of a round that come to the driver one by one; beyond, executors add slices first. */
    private static final double DIRECT_BYTES = 1 << 28;

    /** Bytes for which Gloo asks the receiver at a time; two such questions are under way at once, so that each waits for one answer. */
    private static final double SEGMENT = 1 << 20;

    /**
     * Messages of a round that wait for each other, as counted from Spark's protocol, not measured: a task goes out (1), its code is found,
     * fetched and reported (8), the state is found and fetched (6), a contribution is reported (2), its task has ended (1), it is fetched
     * (4).
     */
    private static final int ROUND_MESSAGES = 22;

    /** As many more where executors add slices: a second job, which fetches from them what the driver then fetches (4 for each of both). */
    private static final int SLICED_MESSAGES = 18;

    /** How lines and processors add up: 1 if they took turns, and infinity if the longer one hid the other. */
    private static final double TOGETHER = 3;

    /**
     * What things take, in seconds.
     *
     * @param sharedByte of a contribution, which a rank sums, moves and judges within its host
     * @param ringByte of a vector that is summed between hosts, for a host's processor
     * @param turn of the ring, for a host's processor
     * @param overlap the share of going backwards that hides exchange
     * @param round of Spark's, without what travels
     * @param task of a round, for the driver's processor, without what travels
     * @param carriedByte of state or contribution, that Spark carries: each executor's, and the driver's of each
     */
    record Costs(
            double sharedByte,
            double ringByte,
            double turn,
            double overlap,
            double round,
            double task,
            double carriedByte) {}

    /**
     * A network that is trained.
     *
     * @param parameters that are exchanged
     * @param slots vectors of the optimizer, which travel with averages
     * @param step seconds of one worker's step
     */
    record Network(String name, long parameters, int slots, double step) {
        double gradientBytes() {
            return (double) Float.BYTES * parameters;
        }

        private double stateBytes() {
            return gradientBytes() * (1 + slots);
        }
    }

    /**
     * Where it is trained.
     *
     * @param workersOfHost that share its line
     */
    record Cluster(int hosts, int workersOfHost, Lines lines, Stragglers stragglers) {
        int workers() {
            return hosts * workersOfHost;
        }
    }

    /**
     * How even workers are.
     *
     * @param jitter standard deviation of a step's seconds, as a share of them
     * @param slowShare of rounds in which a worker is slow
     * @param slowFactor how many times as long its steps take then
     */
    record Stragglers(double jitter, double slowShare, double slowFactor) {
        /** How many steps of an even worker the slowest of so many takes time for, on average. */
        private double steps(int steps, int workers) {
            double behind = jitter * Math.sqrt(2 * Math.log(workers));
            double even = steps + Math.sqrt(steps) * behind;
            double none = Math.pow(1 - slowShare, workers);
            return none * even + (1 - none) * Math.max(even, slowFactor * steps);
        }
    }

    /** Seconds of a step, where gradients are summed after each. */
    double allReduce(Network network, Cluster cluster) {
        double bytes = network.gradientBytes();
        double hidden = costs.overlap * BACKWARD * network.step;
        return computing(network, cluster, 1)
                + bytes * costs.sharedByte
                + Math.max(0, ring(bytes, cluster.hosts, cluster.lines) - hidden);
    }

    /** Seconds of a step, where parameters are averaged after some, around a ring. */
    double allReduce(Network network, Cluster cluster, int localSteps) {
        double bytes = network.stateBytes();
        return (computing(network, cluster, localSteps)
                        + bytes * costs.sharedByte
                        + ring(bytes, cluster.hosts, cluster.lines))
                / localSteps;
    }

    /** Seconds of a step, where parameters are averaged after some, by a driver: the state goes out as a torrent, and all contributions come home. */
    double rounds(Network network, Cluster cluster, int localSteps) {
        double bytes = network.stateBytes();
        double line = bytes * LINE / cluster.lines.gbit();
        double carried = Math.max(line, bytes * costs.carriedByte);
        // By slices, every worker's leave its host once, are added, and come to the driver once.
        boolean direct = cluster.workers() * bytes <= DIRECT_BYTES;
        int messages = direct ? ROUND_MESSAGES : ROUND_MESSAGES + SLICED_MESSAGES;
        double home = direct
                ? cluster.workers() * carried
                : Math.max(cluster.workersOfHost * line, bytes * costs.carriedByte) + 2 * carried;
        // Blocks come in and go on at the same time, but the driver and the last executor each need all of them.
        double out = 2 * line + bytes * costs.carriedByte;
        double launched = costs.round + cluster.workers() * costs.task + messages * cluster.lines.latencySeconds();
        return (computing(network, cluster, localSteps) + launched + out + home) / localSteps;
    }

    /** Seconds of a step of PyTorch's DDP: as {@link #allReduce}, but every worker is a process in the ring. */
    double ddp(Network network, Cluster cluster) {
        double hidden = costs.overlap * BACKWARD * network.step;
        double ring = ring(network.gradientBytes(), cluster.workers(), cluster.lines);
        return computing(network, cluster, 1) + Math.max(0, ring - hidden);
    }

    /** Seconds that a sum takes around a ring of hosts that have a processor each. */
    double ring(double bytes, int hosts, Lines lines) {
        return ring(bytes, hosts, lines, hosts);
    }

    /**
     * Seconds that a sum takes around a ring.
     *
     * @param cores that all hosts have together
     */
    double ring(double bytes, int hosts, Lines lines, int cores) {
        if (hosts == 1) {
            return 0;
        }
        int turns = 2 * (hosts - 1);
        double line = (double) turns / hosts * bytes * LINE / lines.gbit();
        double crowd = Math.max(SERIAL, (double) hosts / cores);
        double processor = crowd * (bytes * costs.ringByte + turns * costs.turn);
        return Math.pow(Math.pow(line, TOGETHER) + Math.pow(processor, TOGETHER), 1 / TOGETHER)
                + turns * (1 + Math.max(1, bytes / hosts / SEGMENT)) * lines.latencySeconds();
    }

    /**
     * Which setting to take: gradients at every step where that costs little, else whichever of the others is faster.
     *
     * @param each seconds of a step of {@link #allReduce(Network, Cluster)}
     * @param averaged of {@link #allReduce(Network, Cluster, int)}
     * @param rounds of {@link #rounds}
     */
    static String advice(double each, double averaged, double rounds) {
        if (GradientAveraging.isWorthwhile(each, Math.min(averaged, rounds))) {
            return "all-reduce, gradient";
        }
        return rounds < averaged ? "rounds" : "all-reduce, parameter-averaging";
    }

    /** Seconds of the slowest worker's steps in a round. */
    private static double computing(Network network, Cluster cluster, int steps) {
        return network.step * cluster.stragglers.steps(steps, cluster.workers());
    }
}
