#!/bin/bash
# One warm agent of a sweep in each task of a SLURM array. From the folder of this repository:
#
#     export WANDB_BASE_URL=http://login1:8765 WANDB_API_KEY=…     # what `rarebeat up` prints; neither on W&B's cloud
#     export RAREBEAT_DATA=$PWD/data/mitdb.h5                      # on a disk that every node sees
#     sbatch --array=0-7 --export=ALL,SWEEP=local/mitdb/ab12cd34 docs/slurm.sh
#
# An agent ends when the sweep does, and its task with it. A task that SLURM preempts, or whose time is over,
# is queued again; its run keeps a checkpoint, is handed out again, and goes on from its last epoch.

#SBATCH --job-name=rarebeat
#SBATCH --array=0-3
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=04:00:00
# Two minutes before the end: the step under way, the checkpoint and what is not sent yet need some seconds.
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%A_%a.log

set -u
: "${SWEEP:?name the sweep: sbatch --export=ALL,SWEEP=ENTITY/PROJECT/SWEEP $0}"
# Where a run left off is known on every node: any of them goes on with it.
export RAREBEAT_CHECKPOINTS="${RAREBEAT_CHECKPOINTS:-$PWD/runs/checkpoints}"
# shellcheck source=/dev/null
if [ -f .venv/bin/activate ]; then . .venv/bin/activate; fi

asked=
rarebeat agent "$SWEEP" &
agent=$!
# Only this shell gets the signal (B:), and it goes on after its command alone: so the command waits beside it.
trap 'asked=yes; kill -TERM "$agent" 2>/dev/null' TERM
wait "$agent"
code=$?
[ -n "$asked" ] || exit "$code"

# The signal ended the first wait, not the agent.
wait "$agent"
# SLURM queues a preempted task again by itself, and not one whose time is over.
scontrol requeue "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
