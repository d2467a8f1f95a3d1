package dev.convoy.model.optimizer;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.convoy.data.ConvoyException;
import java.io.Serializable;

/**
 * The learning rate of every step: a base, a schedule that multiplies it, and a linear warm-up before the schedule's own
 * course. It follows the global step, so it does not depend on the number of workers other than through the steps of an
 * epoch.
 *
 * @param base above 0
 * @param schedule constant unless given
 * @param warmupEpochs epochs over which the rate rises linearly to the schedule's; 0 unless given
 */
public record LearningRate(double base, Schedule schedule, double warmupEpochs) implements Serializable {
    public LearningRate {
        if (!(base > 0) || Double.isInfinite(base)) {
            throw new ConvoyException("Cannot use optimizer.learning-rate = " + base + "; it must be above 0");
        }
        if (!(warmupEpochs >= 0) || Double.isInfinite(warmupEpochs)) {
            throw new ConvoyException(
                    "Cannot use optimizer.warmup-epochs = " + warmupEpochs + "; it must be at least 0");
        }
        schedule = schedule == null ? new Schedule.Constant() : schedule;
    }

    /**
     * The rate of one step.
     *
     * @param globalStep from 0
     * @param stepsPerEpoch of the plan
     * @param epochs of the whole run
     */
    public double at(long globalStep, int stepsPerEpoch, int epochs) {
        double warmupSteps = warmupEpochs * stepsPerEpoch;
        if (globalStep < warmupSteps) {
            // The first step already moves, the last one before the schedule is just below its start.
            return base * schedule.factor(0, epochs - warmupEpochs) * (globalStep + 1) / (warmupSteps + 1);
        }
        return base * schedule.factor((globalStep - warmupSteps) / stepsPerEpoch, epochs - warmupEpochs);
    }

    /** How the rate changes over a run. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Schedule.Constant.class, name = "constant"),
        @JsonSubTypes.Type(value = Schedule.Step.class, name = "step"),
        @JsonSubTypes.Type(value = Schedule.Cosine.class, name = "cosine")
    })
    public sealed interface Schedule extends Serializable {
        /**
         * What the base is multiplied by.
         *
         * @param epoch epochs since the warm-up, with fraction
         * @param epochs epochs of the run after the warm-up
         */
        double factor(double epoch, double epochs);

        /** Always 1. */
        record Constant() implements Schedule {
            @Override
            public double factor(double epoch, double epochs) {
                return 1;
            }
        }

        /**
         * {@code factor} to the power of the number of whole periods past.
         *
         * @param everyEpochs length of a period, above 0
         * @param factor 0.1 unless given
         */
        record Step(double everyEpochs, Double factor) implements Schedule {
            public Step {
                factor = factor == null ? 0.1 : factor;
                if (!(everyEpochs > 0 && factor > 0 && Double.isFinite(everyEpochs + factor))) {
                    throw new ConvoyException("Cannot use a step schedule with every-epochs = " + everyEpochs
                            + ", factor = " + factor + "; both must be above 0, and finite");
                }
            }

            @Override
            public double factor(double epoch, double epochs) {
                return Math.pow(factor, Math.floor(epoch / everyEpochs));
            }
        }

        /**
         * Half a cosine from 1 down to {@code end}: I. Loshchilov and F. Hutter, "SGDR", ICLR 2017, without restarts.
         *
         * @param end 0 unless given
         */
        record Cosine(Double end) implements Schedule {
            public Cosine {
                end = end == null ? 0 : end;
                if (!(end >= 0 && end <= 1)) {
                    throw new ConvoyException(
                            "Cannot use a cosine schedule with end = " + end + "; it must be from 0 to 1");
                }
            }

            @Override
            public double factor(double epoch, double epochs) {
                // A run that is all warm-up has no course to follow.
                double share = epochs > 0 ? Math.min(1, epoch / epochs) : 0;
                return end + (1 - end) * (1 + Math.cos(Math.PI * share)) / 2;
            }
        }
    }
}
