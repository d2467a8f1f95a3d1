package dev.convoy.train;

/** What every rank tells all others with each vector, so that all of them decide alike. */
enum ControlSlot {
    /** Examples behind the vector; 0 under quarantine. */
    WEIGHT,
    REJECTED,
    /** Examples lost to quarantine. */
    LEFT_OUT,
    LOSS_SUM,
    NORM,
    SECONDS,
    /** Of {@link #SECONDS}, those without a batch to train on. */
    DATA_SECONDS,
    /** 0 if the contribution counts, else 1 + the ordinal of the fault. */
    FAULT,
    /** Step within the round at which the fault was noticed. */
    FAULT_STEP,
    /** The number of local steps that rank 0 has chosen; 0 if it has not. */
    LOCAL_STEPS
}
