package dev.convoy.benchmarks.engine;

import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.Workload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.pytorch.global.torch;

/**
 * The process behind a {@link Contestant}: one engine on each of some threads. For every number of steps that it reads,
 * it lets all threads take them at once and prints the nanoseconds until the last is done.
 *
 * <p>Arguments: kind of engine, workload, threads.
 */
final class EngineWorker {
    private EngineWorker() {}

    /** Runs until its input ends. */
    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        Engine.Kind kind = Engine.Kind.valueOf(arguments[0]);
        Workload workload = Workload.valueOf(arguments[1]);
        int count = Integer.parseInt(arguments[2]);
        if (kind == Engine.Kind.BARE_TORCH) {
            torch.set_num_interop_threads(1);
        }
        List<ExecutorService> threads = new ArrayList<>();
        List<Engine> engines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ExecutorService thread = Executors.newSingleThreadExecutor();
            threads.add(thread);
            engines.add(thread.submit(() -> kind.create(workload)).get());
        }
        System.out.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            int steps = Integer.parseInt(line);
            long began = System.nanoTime();
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Engine engine = engines.get(i);
                running.add(threads.get(i).submit(() -> {
                    for (int step = 0; step < steps; step++) {
                        engine.step();
                    }
                }));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
            System.out.println(System.nanoTime() - began);
        }
        System.exit(0);
    }
}
