package dev.convoy.model.optimizer;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/**
 * The learning rate of every step: a base, a schedule that multiplies it, and a linear warm-up before the schedule's own
 * course. It follows the global step, so it does not depend on the number of workers other than through the steps of an
 * epoch.
 *
 * @param base above 0
 * @param schedule {@link Schedule.Constant} unless set
 * @param warmupEpochs epochs over which the rate rises linearly to the schedule's; 0 unless set
 */
public record LearningRate(double base, Schedule schedule, double warmupEpochs) implements Serializable {
    public LearningRate {
        if (!(base > 0) || Double.isInfinite(base)) {
            throw new InvalidValueException("base", base, "it must be above 0, and finite");
        }
        if (!(warmupEpochs >= 0) || Double.isInfinite(warmupEpochs)) {
            throw new InvalidValueException("warmupEpochs", warmupEpochs, "it must be at least 0, and finite");
        }
    }

    /** A constant rate. */
    public LearningRate(double base) {
        this(base, new Schedule.Constant(), 0);
    }

    public LearningRate withSchedule(Schedule course) {
        return new LearningRate(base, course, warmupEpochs);
    }

    public LearningRate withWarmupEpochs(double epochs) {
        return new LearningRate(base, schedule, epochs);
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
    public sealed interface Schedule extends Serializable {
        /**
         * What the base is multiplied by.
         *
         * @param epoch epochs since the warm-up, with fraction
         * @param epochs epochs of the run after the warm-up
         */
        double factor(double epoch, double epochs);

        /** A factor that is always 1. */
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
         * @param factor 0.1 unless set
         */
        record Step(double everyEpochs, double factor) implements Schedule {
            public Step {
                requirePositive("everyEpochs", everyEpochs);
                requirePositive("factor", factor);
            }

            public Step(double everyEpochs) {
                this(everyEpochs, 0.1);
            }

            private static void requirePositive(String property, double value) {
                if (!(value > 0 && Double.isFinite(value))) {
                    throw new InvalidValueException(property, value, "it must be above 0, and finite");
                }
            }

            @Override
            public double factor(double epoch, double epochs) {
                return Math.pow(factor, Math.floor(epoch / everyEpochs));
            }
        }

        /**
         * From 1 to {@code end} by the same factor at every step.
         *
         * @param end above 0
         */
        record Exponential(double end) implements Schedule {
            public Exponential {
                Step.requirePositive("end", end);
            }

            @Override
            public double factor(double epoch, double epochs) {
                return epochs > 0 ? Math.pow(end, Math.min(1, epoch / epochs)) : 1;
            }
        }

        /**
         * From 1 to {@code end} by the same factor at every step, and no further: what a learning rate is looked for with.
         *
         * @param end above 0
         * @param within epochs in which it gets there, above 0; it may be a small part of one
         */
        record Rising(double end, double within) implements Schedule {
            public Rising {
                Step.requirePositive("end", end);
                Step.requirePositive("within", within);
            }

            @Override
            public double factor(double epoch, double epochs) {
                return Math.pow(end, Math.min(1, epoch / within));
            }
        }

        /**
         * Half a cosine from 1 down to {@code end}: I. Loshchilov and F. Hutter, "SGDR", ICLR 2017, without restarts.
         *
         * @param end 0 unless set
         */
        record Cosine(double end) implements Schedule {
            public Cosine {
                if (!(end >= 0 && end <= 1)) {
                    throw new InvalidValueException("end", end, "it must be from 0 to 1");
                }
            }

            public Cosine() {
                this(0);
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
